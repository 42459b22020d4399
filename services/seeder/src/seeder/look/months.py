"""Revenue by month, and the months that fall out of line with those before."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from seeder.look.gaps import gaps_of
from seeder.look.profile import Day, by_month, next_month

DAY: Final = timedelta(days=1)
FACTOR: Final = 5
BEFORE: Final = 6  # months whose median is compared with
EDGE_DAYS: Final = 3  # a file may begin or end with a weekend or a holiday, and the month is whole all the same


class Jump(NamedTuple):
    """A month whose revenue is at least FACTOR times, or at most a FACTORth of, the usual one before."""

    month: date
    revenue: float
    usual: float  # the median of up to BEFORE months before it


def jumps(days: dict[date, Day]) -> list[Jump]:
    """Return the months out of line.

    A month that the file holds in part, at its ends or beside a gap, is not compared, nor compared with: a gap is
    judged by itself. A month without a sale in a shorter gap is out of line.
    """
    if not days:
        return []
    gaps = [(gap.before, gap.after) for gap in gaps_of(days)]
    silent = [(date.min, min(days)), *gaps, (max(days), date.max)]
    months = [(month, sums) for month, sums in by_month(days) if _is_whole(month, silent)]
    found = []
    for at, (month, sums) in enumerate(months[1:], 1):
        usual = median(before.gross for _, before in months[max(0, at - BEFORE) : at])
        if usual > 0 and not usual / FACTOR < sums.gross < usual * FACTOR:
            found.append(Jump(month, sums.gross, usual))
    return found


def _is_whole(month: date, silent: list[tuple[date, date]]) -> bool:
    """Return whether fewer than EDGE_DAYS of the month lie between two days that nothing is known between."""
    first, end = month - DAY, next_month(month)
    return all((min(before, end) - max(after, first)).days - 1 < EDGE_DAYS for after, before in silent)
