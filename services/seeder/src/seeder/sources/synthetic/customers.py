"""The customers' orders: customers differ in how often they buy and how soon they leave, on a shop's calendar.

Everything happens in *trading time*, whose days all have the yearly average of orders. A busy Thursday in November
is longer than one such day, a Saturday has length zero. So season, weekdays, closed days and hours are one monotone
map from trading time to minutes, and the model of the customers needs none of them.

Sources: the published shape of "Online Retail", UCI Machine Learning Repository (CC BY 4.0); the model is the BG/NBD
of Fader, Hardie and Lee (2005).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

# The period of Online Retail. Every table has an order on the last day, so the data clock is always 2011-12-10.
FIRST_DAY: Final = np.datetime64("2010-12-01", "D")
LAST_DAY: Final = np.datetime64("2011-12-09", "D")
# Two years of arrivals and departures before the first day. As in the real table, more than half of the customers
# have bought before it, and 21 % are first seen in its first month.
BURN_IN_DAYS: Final = 730

# Orders per calendar month, January to December; December is 2010 and the nine days of 2011 together.
ORDERS_PER_MONTH: Final = (987, 997, 1321, 1149, 1555, 1393, 1331, 1280, 1755, 1929, 2657, 1400 + 778)
# Share of orders, Monday to Sunday: never a Saturday.
WEEKDAY_SHARE: Final = (0.155, 0.172, 0.186, 0.218, 0.153, 0.0, 0.117)
# Share of orders in the hours from 7:00 to 20:59.
FIRST_HOUR: Final = 7
HOUR_SHARE: Final = (0.2, 3.0, 7.5, 12.0, 12.3, 16.9, 14.2, 12.3, 11.0, 5.9, 2.9, 0.9, 0.8, 0.1)
# Christmas, Easter and bank holidays without an order.
CLOSED: Final = (
    *("2010-12-24", "2010-12-26", "2010-12-27", "2010-12-28", "2010-12-29", "2010-12-30", "2010-12-31"),
    *("2011-01-02", "2011-01-03", "2011-04-22", "2011-04-24", "2011-04-25", "2011-04-29"),
    *("2011-05-02", "2011-05-30", "2011-08-29"),
)

# BG/NBD, two-year fit in days: rate ~ Gamma(r, alpha); the customer leaves after an order with p ~ Beta(a, b).
RATE_SHAPE: Final = 0.6635
RATE_SCALE_DAYS: Final = 63.4
LEAVE_A: Final = 0.11
LEAVE_B: Final = 2.43
# The fit counts days with a purchase: 18,532 orders on 16,763 such days, the extra ones mostly by frequent customers.
MORE_ORDERS_PER_RATE: Final = 10.0  # squared: a weekly customer places two more orders within the day
MORE_ORDERS_AT_MOST: Final = 3.0  # limit of the mean
ORDERS_OF_A_REGULAR: Final = 7


@dataclass(frozen=True, slots=True)
class TradingTime:
    """The map from trading time to minutes: 0 is the start of the burn-in, *opens* the start of the first day."""

    day_ends: Floats
    opens: float
    last_day_opens: float
    closes: float

    def minutes(self, at: Floats) -> Ints:
        """Whole minutes since FIRST_DAY 00:00 for each moment of trading time; never decreasing."""
        day = np.searchsorted(self.day_ends, at, side="right")
        starts = np.concatenate(([0.0], self.day_ends))
        of_day = (at - starts[day]) / (starts[day + 1] - starts[day])
        hours = np.cumsum((0.0, *HOUR_SHARE)) / sum(HOUR_SHARE)
        minute = np.interp(of_day, hours, 60.0 * (FIRST_HOUR + np.arange(hours.size)))
        whole: Ints = (day - BURN_IN_DAYS) * 1440 + minute.astype(np.int64)
        return whole


def trading_time() -> TradingTime:
    """Return the calendar, burn-in included, scaled so that a calendar day of the period averages 1."""
    days = np.arange(FIRST_DAY - BURN_IN_DAYS, LAST_DAY + 1)
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    busy = np.asarray(WEEKDAY_SHARE)[weekday] * ~np.isin(days, np.asarray(CLOSED, "datetime64[D]"))
    per_month = np.bincount(month[BURN_IN_DAYS:], busy[BURN_IN_DAYS:], minlength=12)
    busy *= (np.asarray(ORDERS_PER_MONTH) / per_month)[month]
    ends = np.cumsum(busy / busy[BURN_IN_DAYS:].mean())
    return TradingTime(ends, float(ends[BURN_IN_DAYS - 1]), float(ends[-2]), float(ends[-1]))


@dataclass(frozen=True, slots=True)
class Purchases:
    """Orders by trading time; *customer* counts from 0 without gaps, so *customers* is one more than its maximum."""

    customer: Ints
    at: Floats
    customers: int


def draw_purchases(arrivals: int, time: TradingTime, rng: Rng) -> Purchases:
    """Draw the orders of *arrivals* customers within the period; about three quarters of them place any.

    The first order of customer 0 is always on the last day; customer 1 is a regular, if there is one.
    """
    rate = rng.gamma(RATE_SHAPE, 1.0 / RATE_SCALE_DAYS, arrivals)
    first = rng.random(arrivals) * time.closes
    first[0] = (time.last_day_opens + time.closes) / 2.0
    customer, at = _until_they_leave(first, rate, time.closes, rng)
    customer, at = _with_more_orders(customer, at, rate, time.closes, rng)
    seen = at >= time.opens
    order = np.argsort(at[seen], kind="stable")
    _, first_order, number, orders = np.unique(
        customer[seen][order], return_index=True, return_inverse=True, return_counts=True
    )
    number = _with_a_regular_second(first_order, orders)[number]
    return Purchases(number, at[seen][order], orders.size)


def _with_a_regular_second(first_order: Ints, orders: Ints) -> Ints:
    """Return each customer's number: their own, but customer 1 and the regular known longest swap theirs.

    Customer 1 is the customer of the examples, and one order makes a poor example.
    """
    numbers = np.arange(orders.size)
    regulars = np.flatnonzero((orders >= ORDERS_OF_A_REGULAR) & (numbers > 0))
    if regulars.size:
        known_longest = regulars[np.argmin(first_order[regulars])]
        numbers[[1, known_longest]] = numbers[[known_longest, 1]]
    return numbers


def _until_they_leave(first: Floats, rate: Floats, end: float, rng: Rng) -> tuple[Ints, Floats]:
    """Each customer's first order, and the Poisson repeats after it while the customer stays."""
    # Beta(0.11, …) sometimes underflows to 0: a customer who never leaves.
    leave = np.maximum(rng.beta(LEAVE_A, LEAVE_B, first.size), 1e-9)
    staying = rng.geometric(leave) - 1
    repeats = rng.poisson(rate * (end - first))
    customer = np.repeat(np.arange(first.size), repeats)
    at = first[customer] + rng.random(customer.size) * (end - first[customer])
    order = np.lexsort((at, customer))
    nth = np.arange(customer.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    kept = order[nth < staying[customer]]
    return np.concatenate((np.arange(first.size), customer[kept])), np.concatenate((first, at[kept]))


def _with_more_orders(customer: Ints, at: Floats, rate: Floats, end: float, rng: Rng) -> tuple[Ints, Floats]:
    """Add orders within a day of others, more of them for frequent customers."""
    more = rng.poisson(np.minimum(MORE_ORDERS_AT_MOST, (MORE_ORDERS_PER_RATE * rate[customer]) ** 2))
    again = np.repeat(np.arange(at.size), more)
    soon = at[again] + rng.exponential(0.1, again.size)
    again, soon = again[soon < end], soon[soon < end]
    return np.concatenate((customer, customer[again])), np.concatenate((at, soon))
