"""`kill -9` of the seeder and of mongod while rows are in flight: every row must be there once, to the last byte.

A kill counts when rows had come in during this run of the seeder and the load was not complete. Each load has a
database of its own and is killed a few times. The seeder must survive every kill of mongod by itself.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from drills.contents import Contents, contents, differences, invalid, missing, unaccounted
from drills.killed_load import END_TIMEOUT_S, KilledLoad, Victim
from drills.seeding import Input, running, start_seeder
from drills.two_exports import MAX_ITEMS

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from drills.server import Server

KILLS_OF_A_LOAD: Final = (3, 8)
BOTH: Final[tuple[Victim, ...]] = ("seeder", "mongod")
WITHOUT_JOURNAL: Final = ("JOURNALED=0",)


@dataclass
class Tally:
    """What came of the kills so far."""

    kills: Counter[Victim] = field(default_factory=Counter)
    too_late: int = 0  # after the last row: nothing may be lost either
    reruns: int = 0  # because of those: only rows wait for mongod
    loads: int = 0
    rows: int = 0
    lost: int = 0
    already_there: int = 0  # inserted by a run that was killed before it could write it down
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.kills.total()} kills while rows were in flight ({self.kills['seeder']} of the seeder, "
            f"{self.kills['mongod']} of mongod), {self.too_late} after the last row ({self.reruns} reruns); "
            f"{self.loads} loads, {self.rows:,} rows, {self.lost:,} lost, {len(self.faults)} faults; "
            f"{self.already_there:,} rows had come in with a kill before the checkpoint"
        )


def drill(
    server: Server,
    lines: Input,
    *,
    kills: int,
    seed: int,
    journaled: bool = True,
    say: Callable[[str], object] = lambda _: None,
) -> Tally:
    """Kill so many times, over as many loads as it takes. Without the journal, mongod alone, until rows are lost."""
    randomly, tally = random.Random(seed), Tally()  # noqa: S311 - where to kill
    constants = () if journaled else WITHOUT_JOURNAL
    expected, whole = _undisturbed(server, lines)
    while tally.kills.total() < kills and (journaled or not tally.lost):
        most = min(randomly.randint(*KILLS_OF_A_LOAD), kills - tally.kills.total())
        load = KilledLoad(server, f"load_{tally.loads}", lines, randomly, constants)
        load.run(most, BOTH if journaled else ("mongod",), whole)
        _add(tally, load, lines, expected)
        server.client.drop_database(load.database)
        say(str(tally))
    return tally


def _undisturbed(server: Server, lines: Input) -> tuple[Contents, int]:
    """Return what a load makes that nobody disturbs, and how many lines it brings."""
    for arguments in filter(None, (lines.arguments_before, lines.arguments)):
        with running(start_seeder(server.uri, "undisturbed", arguments)) as process:
            if process.wait(END_TIMEOUT_S):
                raise RuntimeError(f"the undisturbed load ended with {process.returncode}")
    expected = contents(server.client["undisturbed"])
    whole = server.client["undisturbed"][schema.TRANSACTIONS].count_documents(lines.its_lines)
    server.client.drop_database("undisturbed")
    if not expected.documents[schema.QUARANTINE]:
        raise RuntimeError("the input has no row to quarantine: quarantine would not be tried")
    if lines.before and not expected.documents[schema.SUPERSEDED]:
        raise RuntimeError("the input replaces no order: replacing would not be tried")
    return expected, whole


def _add(tally: Tally, load: KilledLoad, lines: Input, expected: Contents) -> None:
    found, killed = contents(load.database), load.kills.in_flight + load.kills.too_late
    # A chunk of whole orders that is repeated after an outage finds them replaced by its first attempt.
    repeated = killed.total() * (lines.chunk_rows + MAX_ITEMS) if lines.before else killed["seeder"] * lines.chunk_rows
    tally.kills += load.kills.in_flight
    tally.too_late += load.kills.too_late.total()
    tally.reruns += load.reruns
    tally.loads += 1
    tally.rows += lines.rows
    tally.lost += missing(found, expected)
    tally.already_there += found.ledger.already_there
    tally.faults += [
        f"{load.database.name}: {fault}"
        for fault in (
            *load.faults,
            *differences(found, expected),
            *unaccounted(found, expected, repeated),
            *(f"validate: {name} is damaged" for name in invalid(load.database)),
        )
    ]
