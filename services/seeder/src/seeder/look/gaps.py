"""Dates that cannot be right: a few orders long after all the others, which would move the clock for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from seeder.look.profile import Day

GAP_DAYS: Final = 60
FEW: Final = 3  # orders: a slip of the keyboard, or one order of several lines
FEW_OF: Final = 3  # … as long as they are at most a third of all
FEW_SHARE: Final = 0.01  # … or this share of all orders, in a large file
MANY_SHARE: Final = 0.1  # from here on it is a shop that opened again
AS_LONG: Final = 2  # a pause half as long as one that is asked about is the shop's habit


class Gap(NamedTuple):
    """Days without a line, and what came after them."""

    before: date  # the last day before it
    after: date  # the first day after it
    orders_before: int
    orders: int  # after it, returns of their own included
    lines: int  # after it

    @property
    def days(self) -> int:
        """Days from the last one before it to the first one after it."""
        return (self.after - self.before).days

    @property
    def share(self) -> float:
        """The share of all orders that came after it."""
        return self.orders / (self.orders + self.orders_before)

    @property
    def few(self) -> bool:
        """Whether so little came after it that the dates are mistyped."""
        return self.share < FEW_SHARE or (
            self.orders <= FEW and self.orders * FEW_OF <= self.orders + self.orders_before
        )

    @property
    def habitual(self) -> bool:
        """Whether enough stands on both sides that this pause is the shop's own."""
        return not self.few and self.orders_before > FEW


class Verdict(NamedTuple):
    """What the gaps of a file say."""

    mistyped: Gap | None = None  # the lines after it are quarantined
    doubtful: Gap | None = None  # nobody but the shop can know
    pause: Gap | None = None  # the longest; the shop opened again


def judge(days: dict[date, Day]) -> Verdict:
    """Return the verdict on a file's days.

    Only a few orders after a gap are taken for mistyped: a shop that closes in summer and then sells for months has a
    gap as well, and its lines are right, though an export may be missing. Between the two nobody can know. A gap is
    the shop's habit when there was one half as long before, with orders on both sides.
    """
    gaps = list(gaps_of(days))
    verdict = Verdict()
    for at, gap in enumerate(gaps):
        if any(other.habitual and other.days * AS_LONG >= gap.days for other in gaps[:at]):
            continue
        if gap.few:
            return verdict._replace(mistyped=gap)
        if gap.share < MANY_SHARE:
            verdict = verdict._replace(doubtful=verdict.doubtful or gap)
        elif verdict.pause is None or gap.days > verdict.pause.days:
            verdict = verdict._replace(pause=gap)
    return verdict


def gaps_of(days: dict[date, Day]) -> Iterator[Gap]:
    """Yield the gaps of more than GAP_DAYS, the first one first."""
    ordered = sorted(day for day, sums in days.items() if sums.lines)
    orders, lines = [_weight(days[day]) for day in ordered], [days[day].lines for day in ordered]
    done, rest, lines_left = 0, sum(orders), sum(lines)
    for at, day in enumerate(ordered[:-1]):
        done, rest, lines_left = done + orders[at], rest - orders[at], lines_left - lines[at]
        if ordered[at + 1] - day > timedelta(days=GAP_DAYS):
            yield Gap(day, ordered[at + 1], done, rest, lines_left)


def _weight(day: Day) -> int:
    """Orders of a day; one for a day of returns alone."""
    return max(1, day.orders)
