"""The account of one load: every row that was read is inserted, already there, or quarantined for a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """Counts of rows; `read` is always the sum of the others."""

    inserted: int = 0
    already_there: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """The rows accounted for."""
        return self.inserted + self.already_there + self.quarantined.total()

    def to_document(self) -> dict[str, Any]:
        """Return the counts as they stand in `loads`."""
        return {
            "read": self.read,
            "inserted": self.inserted,
            "already_there": self.already_there,
            "quarantined": dict(sorted(self.quarantined.items())),
        }

    def lines(self) -> list[str]:
        """Return the account as lines for a person."""
        total = self.quarantined.total()
        return [
            f"read         {self.read:>9,}",
            f"inserted     {self.inserted:>9,}",
            f"already there{self.already_there:>9,}",
            f"quarantined  {total:>9,}",
            *(f"  {reason:<24}{count:>7,}" for reason, count in sorted(self.quarantined.items())),
        ]
