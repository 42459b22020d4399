"""The log of the champion: one line per move, `when from to reason`, appended and never changed.

A move is logged before it is made. One that was cut short in between is followed by a line that takes it back, written
by whoever moves the champion next; until then `moves` adds that line in memory.
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
_MAX_REASON: Final = 2_000  # characters; a gate's words are about 500


class Move(NamedTuple):
    """The champion became `version` at `at` (RFC 3339), and was `before` until then ('-': there was none)."""

    at: str
    before: str
    version: str
    reason: str

    def line(self) -> str:
        """Return the move as it stands in the log: one line whatever the reason holds, no control characters."""
        reason = "".join(letter if letter.isprintable() else " " for letter in self.reason)
        return f"{self.at} {self.before} {self.version} {' '.join(reason.split())[:_MAX_REASON]}"

    @property
    def goes_back(self) -> bool:
        """Whether this is a return to an earlier champion rather than a step to a next one."""
        return self.reason.startswith((ROLLED_BACK, NOT_COMPLETED))


def moves(log: Path) -> list[Move]:
    """Return the moves in the order they were made; a line that a kill or a full disk cut short is none of them."""
    try:
        lines = log.read_bytes().decode(errors="replace").split("\n")
    except FileNotFoundError:
        return []
    return [Move(*found.groups()) for found in map(_LINE.fullmatch, lines) if found]


def taken_back(logged: Sequence[Move], champion: str, at: str) -> list[Move]:
    """Return the line that is missing when the last move was logged and not made; none when log and pointer agree."""
    if not logged or champion in {logged[-1].version, NO_VERSION}:
        return []
    return [Move(at, logged[-1].version, champion, f"{NOT_COMPLETED}: the pointer was found here")]


def earlier_champions(logged: Sequence[Move]) -> list[str]:
    """Return who was champion before the present one, the latest first.

    Going back forgets what was gone back from, so going back twice goes further back and not forth again.
    """
    line = [move.before for move in logged[:1] if move.before != NO_VERSION]
    for move in logged:
        if move.goes_back and move.version in line:
            del line[len(line) - line[::-1].index(move.version) :]
        elif line[-1:] != [move.version]:
            line.append(move.version)
    return line[-2::-1]
