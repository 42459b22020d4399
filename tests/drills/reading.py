"""An API that only loads: the champion, again and again until SIGTERM: `python -m drills.reading MODELS_DIR`."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bundles import KEY
from drills.publishing import CUSTOMERS, number_of

from retention.errors import BundleRefusedError, RetentionError
from retention.registry.bundle import read_bundle
from retention.registry.versions import Registry


@dataclass
class Reads:
    """What came of reading the champion."""

    good: int = 0
    torn: int = 0  # refused although it is the champion, or the numbers of another version
    unreadable: int = 0  # no pointer, or a pointer to nothing
    overtaken: int = 0  # refused, but another is champion by now: the API looks again, too
    versions: int = 0
    first_fault: str = ""

    def read(self, registry: Registry) -> str:
        """Read the champion once, count it, and return which it was."""
        try:
            version = registry.champion()
        except (RetentionError, OSError) as error:
            self.unreadable += 1
            self._fault(error)
            return ""
        try:
            bundle = read_bundle(registry.folder(version), KEY)
        except BundleRefusedError as error:
            self._refused(registry, version, error)
            return ""
        if bundle.reference.customers == CUSTOMERS[number_of(version) % 2]:
            self.good += 1
        else:
            self.torn += 1
            self._fault(f"{version} has the numbers of another")
        return version

    def _refused(self, registry: Registry, version: str, error: BundleRefusedError) -> None:
        if registry.champion() != version:
            self.overtaken += 1
        else:
            self.torn += 1
            self._fault(error)

    def _fault(self, what: object) -> None:
        self.first_fault = self.first_fault or str(what)


def main() -> None:
    """Read until SIGTERM, then print the tally as JSON; a line before says that it reads."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    reads, registry, seen = Reads(), Registry(Path(sys.argv[1])), set[str]()
    print("reading", flush=True)  # noqa: T201 - a command line prints
    while not stopped:
        seen.add(reads.read(registry))
    reads.versions = len(seen - {""})
    print(json.dumps(asdict(reads)))  # noqa: T201


if __name__ == "__main__":
    main()
