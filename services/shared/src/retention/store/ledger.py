"""The account of one load or request: every row is inserted, already there, quarantined for a reason, or erased."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retention.lines.rules import Rejection


@dataclass
class Ledger:
    """Counts of rows; `read` is the sum of the others."""

    inserted: int = 0
    already_there: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    erased: int = 0  # lines of erased customers, which stay out

    @property
    def read(self) -> int:
        """All rows accounted for."""
        return self.inserted + self.already_there + self.quarantined.total() + self.erased

    def add(self, lines: int, inserted: int, rejected: Iterable[Rejection]) -> None:
        """Add a chunk of `lines`, of which `inserted` were new, and its rejected rows."""
        self.inserted += inserted
        self.already_there += lines - inserted
        self.quarantined.update(rejection.reason for rejection in rejected)

    def to_document(self) -> dict[str, Any]:
        """Return the counts as stored in `loads`."""
        return {
            "read": self.read,
            "inserted": self.inserted,
            "already_there": self.already_there,
            "quarantined": dict(sorted(self.quarantined.items())),
            "erased": self.erased,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Ledger:
        """Return the account that `to_document` wrote."""
        quarantined = Counter[str](document["quarantined"])
        return cls(document["inserted"], document["already_there"], quarantined, document["erased"])

    def lines(self) -> list[str]:
        """Return the account as lines for a person."""
        return [
            f"read         {self.read:>9,}",
            f"inserted     {self.inserted:>9,}",
            f"already there{self.already_there:>9,}",
            f"quarantined  {self.quarantined.total():>9,}",
            *(f"  {reason:<24}{count:>7,}" for reason, count in sorted(self.quarantined.items())),
            *([f"erased       {self.erased:>9,}"] if self.erased else []),
        ]
