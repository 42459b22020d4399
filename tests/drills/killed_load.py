"""One load, killed at random while rows are in flight and run again, until it is done."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from drills.contents import DERIVED, documents
from drills.seeding import Input, running, start_seeder

from retention.store import schema

if TYPE_CHECKING:
    import random
    import subprocess
    from collections.abc import Sequence

    from drills.server import Server

Victim = Literal["seeder", "mongod"]

POLL_S: Final = 0.003
LONGEST_PAUSE_S: Final = 0.03  # three chunks: a kill falls anywhere between two checkpoints
LONGEST_OUTAGE_S: Final = 1.0
END_TIMEOUT_S: Final = 120
MAX_RERUNS: Final = 5


@dataclass
class Kills:
    """Who was killed how often."""

    in_flight: Counter[Victim] = field(default_factory=Counter)
    too_late: Counter[Victim] = field(default_factory=Counter)  # every row was in: survived too, but not counted


class KilledLoad:
    """A load of `lines` into a database of its own."""

    def __init__(
        self, server: Server, db_name: str, lines: Input, randomly: random.Random, constants: Sequence[str] = ()
    ) -> None:
        self._server, self._db_name, self._lines, self._randomly = server, db_name, lines, randomly
        self._constants = constants
        self.database = server.client[db_name]
        self.kills = Kills()
        self.reruns = 0  # beyond those after a kill of the seeder itself
        self.faults: list[str] = []
        self._begin()
        self._derived_before = documents(self.database, DERIVED)
        self._seeder = self._start()

    def _begin(self) -> None:
        """Load what this load replaces."""
        if self._lines.arguments_before:
            with running(start_seeder(self._server.uri, self._db_name, self._lines.arguments_before)) as process:
                if process.wait(END_TIMEOUT_S):
                    raise RuntimeError(f"the load before ended with {process.returncode}")

    def run(self, most_kills: int, victims: Sequence[Victim], whole: int) -> None:
        """Kill up to so many times before `whole` lines are there, then let it come to its end."""
        try:
            while self.kills.in_flight.total() < most_kills and self._is_in_flight(whole):
                self._kill(self._randomly.choice(victims), whole)
            self._come_to_the_end()
        finally:
            self._seeder.kill()
            self._seeder.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return start_seeder(self._server.uri, self._db_name, self._lines.arguments, constants=self._constants)

    def _is_in_flight(self, whole: int) -> bool:
        """Wait until some rows more are there, then a moment; False when the seeder ended before."""
        before = self._lines_there()
        wanted = self._randomly.randrange(1, whole // 4)
        while self._lines_there() < before + wanted:
            if self._seeder.poll() is not None:
                return False
            time.sleep(POLL_S)
        time.sleep(self._randomly.uniform(0, LONGEST_PAUSE_S))
        return self._seeder.poll() is None

    def _lines_there(self) -> int:
        lines, its_lines = self.database[schema.TRANSACTIONS], self._lines.its_lines
        # The estimate is wrong after a crash, but growing.
        return lines.count_documents(its_lines) if its_lines else lines.estimated_document_count()

    def _kill(self, victim: Victim, whole: int) -> None:
        if victim == "seeder":
            self._seeder.kill()
            self._seeder.wait()
        else:
            self._server.kill()
            time.sleep(self._randomly.uniform(0, LONGEST_OUTAGE_S))
            self._server.start()
        lines = self.database[schema.TRANSACTIONS]
        seen = documents(self.database, DERIVED, ("revision", "held")) if self._lines.before else self._derived_before
        in_flight = 0 < lines.count_documents(self._lines.its_lines) < whole
        if in_flight and seen != self._derived_before:
            self.faults.append("readers saw something of an order that was being replaced")
        (self.kills.in_flight if in_flight else self.kills.too_late)[victim] += 1
        if victim == "mongod" and not self.database.command("validate", lines.name)["valid"]:
            self.faults.append("validate finds the collection damaged after a kill of mongod")
        if victim == "seeder":
            self._seeder = self._start()

    def _come_to_the_end(self) -> None:
        """Wait for the end, which needs no run more than those after a kill of the seeder itself."""
        for _ in range(MAX_RERUNS):
            code = self._seeder.wait(END_TIMEOUT_S)
            if code == 0:
                return
            self.faults.append(f"the seeder ended with {code} and did not go on by itself")
            self.reruns += 1
            self._seeder = self._start()
        self.faults.append(f"the load is not done after {MAX_RERUNS} more runs")
