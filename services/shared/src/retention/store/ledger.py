"""The account of one load or request: every row is accounted for once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from retention.lines.rules import IN_STATE, PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retention.lines.rules import Rejection

# Orders that a file holds and that change nothing, as kinds of rows passed over.
OLDER: Final = "older"  # the order stands in a load of a later day
INCOMPLETE: Final = "incomplete"  # its lines miss its own total, and it is stored already


def is_kept(one: Rejection) -> bool:
    """Return whether a rejected row goes to quarantine: it may be mended and come in again."""
    return one.reason not in PASSED_OVER and not one.reason.startswith(IN_STATE)


@dataclass
class Ledger:
    """Counts of rows; `read` is the sum of the others, which `replaced_orders` and `states` do not belong to."""

    inserted: int = 0
    already_there: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    erased: int = 0  # lines of erased customers, which stay out
    replaced: int = 0  # rows of orders that came again with other lines
    by_state: Counter[str] = field(default_factory=Counter)  # rows of orders that do not stand
    passed_over: Counter[str] = field(default_factory=Counter)  # rows that are no lines, or change nothing
    replaced_orders: int = 0
    older_orders: int = 0
    incomplete_orders: int = 0
    orders_by_state: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """All rows accounted for."""
        plain = self.inserted + self.already_there + self.replaced + self.erased
        return plain + self.quarantined.total() + self.by_state.total() + self.passed_over.total()

    @property
    def understood(self) -> int:
        """Rows that are lines of this shop, whether they changed anything or not."""
        plain = self.inserted + self.already_there + self.replaced + self.erased
        return plain + self.by_state.total() + self.passed_over[OLDER] + self.passed_over[INCOMPLETE]

    def add(self, lines: int, inserted: int, rejected: Iterable[Rejection]) -> None:
        """Add a chunk of `lines`, of which `inserted` were new, and its rejected rows."""
        self.inserted += inserted
        self.already_there += lines - inserted
        self.reject(rejected)

    def reject(self, rejected: Iterable[Rejection]) -> None:
        """Add rejected rows: quarantined, or passed over when they are no lines at all."""
        for one in rejected:
            kind, _, state = one.reason.partition(IN_STATE)
            if not kind and state:
                self.by_state[state] += 1
            else:
                (self.passed_over if one.reason in PASSED_OVER else self.quarantined)[one.reason] += 1

    def to_document(self) -> dict[str, Any]:
        """Return the counts as stored in `loads`."""
        counts = {name: value for name, value in vars(self).items() if not isinstance(value, Counter)}
        by_kind = {
            name: dict(sorted(value.items())) for name, value in vars(self).items() if isinstance(value, Counter)
        }
        return {"read": self.read, **counts, **by_kind}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Ledger:
        """Return the account that `to_document` wrote, here or in an older version, which knew fewer counts."""
        account = cls()
        for name in cls.__dataclass_fields__:
            value = document.get(name, 0)
            setattr(account, name, Counter(value) if isinstance(value, dict) else value or getattr(account, name))
        return account

    def lines(self) -> list[str]:
        """Return the account as lines for a person; what a plain file never has is left out."""
        return [
            f"read         {self.read:>9,}",
            f"inserted     {self.inserted:>9,}",
            f"already there{self.already_there:>9,}",
            *_counted("replaced", self.replaced, f"{self.replaced_orders:,} orders came again with other lines"),
            *_by_kind("by state", self.by_state),
            f"quarantined  {self.quarantined.total():>9,}",
            *_kinds(self.quarantined),
            *_by_kind("passed over", self.passed_over),
            *_counted("erased", self.erased, "lines of erased customers"),
        ]


def _counted(name: str, count: int, meaning: str) -> list[str]:
    return [f"{name:<13}{count:>9,}  {meaning}"] if count else []


def _by_kind(name: str, counts: Counter[str]) -> list[str]:
    return [f"{name:<13}{counts.total():>9,}", *_kinds(counts)] if counts else []


def _kinds(counts: Counter[str]) -> list[str]:
    return [f"  {kind:<24}{count:>7,}" for kind, count in sorted(counts.items())]
