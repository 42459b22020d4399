"""Revenue by month, and the months that fall out of line with those before."""

from __future__ import annotations

from calendar import monthrange
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.look.profile import Day, by_month

if TYPE_CHECKING:
    from datetime import date

FACTOR: Final = 5
BEFORE: Final = 6  # months whose median is compared with
EDGE_DAYS: Final = 3  # a file may begin or end with a weekend or a holiday, and the month is whole all the same


class Jump(NamedTuple):
    """A month whose revenue is at least FACTOR times, or at most a FACTORth of, the usual one before."""

    month: date
    revenue: float
    usual: float  # the median of up to BEFORE months before it


def jumps(days: dict[date, Day]) -> list[Jump]:
    """Return the months out of line. A month that the file holds in part is not compared, nor compared with."""
    months = by_month(days)
    if months and min(days).day > EDGE_DAYS:
        months = months[1:]
    if months and monthrange(max(days).year, max(days).month)[1] - max(days).day >= EDGE_DAYS:
        months = months[:-1]
    found = []
    for at, (month, sums) in enumerate(months[1:], 1):
        usual = median(before.gross for _, before in months[max(0, at - BEFORE) : at])
        if usual > 0 and not usual / FACTOR < sums.gross < usual * FACTOR:
            found.append(Jump(month, sums.gross, usual))
    return found
