"""The champion's log: one line per move, `when from to reason`, only ever appended.

A move is logged before it is made. If it is interrupted in between, the log is one move ahead of the pointer; the next
move first appends the line that reverses it, and `missing_reversal` gives that line to readers until then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VERSION: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{7}")
NO_VERSION: Final = "-"
ROLLED_BACK: Final = "rolled back"
NOT_COMPLETED: Final = "not completed"
_LINE: Final = re.compile(rf"(\S+) ({NO_VERSION}|{VERSION.pattern}) ({VERSION.pattern}) (.*)")
_MAX_REASON: Final = 2_000  # characters; a gate's result takes about 500


class Move(NamedTuple):
    """A change of champion from `before` ('-' when there was none) to `version`, at an RFC 3339 time."""

    at: str
    before: str
    version: str
    reason: str

    def line(self) -> str:
        """Return the move as a line of the log; line breaks and control characters in the reason become spaces."""
        reason = "".join(letter if letter.isprintable() else " " for letter in self.reason)
        return f"{self.at} {self.before} {self.version} {' '.join(reason.split())[:_MAX_REASON]}"

    @property
    def is_reversal(self) -> bool:
        """Whether the move goes back to an earlier champion: a rollback, or the reversal of an interrupted move."""
        return self.reason.startswith((ROLLED_BACK, NOT_COMPLETED))


def moves(log: Path) -> list[Move]:
    """Return the moves in order, without lines that a kill or a full disk cut short."""
    try:
        lines = log.read_bytes().decode(errors="replace").split("\n")
    except FileNotFoundError:
        return []
    return [Move(*found.groups()) for found in map(_LINE.fullmatch, lines) if found]


def missing_reversal(logged: Sequence[Move], champion: str, at: str) -> list[Move]:
    """Return the move that reverses a last one logged but not made; none when log and pointer agree."""
    if not logged or champion in {logged[-1].version, NO_VERSION}:
        return []
    return [Move(at, logged[-1].version, champion, f"{NOT_COMPLETED}: the pointer was found here")]


def earlier_champions(logged: Sequence[Move]) -> list[str]:
    """Return the champions before the present one, latest first.

    A rollback drops the champion it leaves, so a second rollback goes further back and not forth again.
    """
    line = [move.before for move in logged[:1] if move.before != NO_VERSION]
    for move in logged:
        if move.is_reversal and move.version in line:
            del line[len(line) - line[::-1].index(move.version) :]
        elif line[-1:] != [move.version]:
            line.append(move.version)
    return line[-2::-1]
