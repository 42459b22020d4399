"""The invoices: orders, returns, anonymous sales and stock adjustments, with the exact number of lines requested.

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0), and its gamma-gamma fit.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from seeder.sources.synthetic.customers import TradingTime, draw_purchases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

# 4,372 customers on 541,909 rows; about 76 % of all arrivals order within the period.
ARRIVALS_PER_ROW: Final = 4_372 / 541_909 / 0.76
ARRIVALS_AT_LEAST: Final = 8
LINES_PER_ORDER_AT_LEAST: Final = 2  # on average: very small tables have fewer orders instead

# Shares of all rows. Adjustments are single lines at price 0; neither they nor anonymous sales have a customer (25 %).
RETURN_SHARE: Final = 0.0171
ADJUSTMENT_SHARE: Final = 0.0046
NO_CUSTOMER_SHARE: Final = 0.249

# Gamma-gamma, two-year fit: order value ~ Gamma(p, nu), the customer's nu ~ Gamma(q, v), independent of frequency.
SPEND_P: Final = 2.162
SPEND_Q: Final = 3.505
SPEND_V: Final = 466.2
# Its tail is too light for wholesale: these bring the 99 % quantile of order values near 3,849.
WHOLESALE_SHARE: Final = 0.03
WHOLESALE_FACTOR: Final = 6.0

# Lines per order and per anonymous invoice at these quantiles; correlation of an order's log lines and log value.
QUANTILES: Final = (0.0, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.999, 1.0)
ORDER_LINES: Final = (1, 1, 2, 6, 15, 28, 48, 65, 111, 231, 542)
ANONYMOUS_LINES: Final = (1, 1, 1, 3, 36, 145, 249, 330, 621, 900, 1_114)
ANONYMOUS_LINES_MEAN: Final = 93
ANONYMOUS_VALUE_PER_LINE: Final = 6.0  # median quantity 1 at a median price of 3.29
LINES_WITH_VALUE: Final = 0.45  # 0.54 in the result, because no line costs less than one piece
LOG_VALUE: Final = (5.5, 0.96)  # mean and standard deviation under the gamma-gamma above

# Lag of a return: median 9 days, 75 % within 23, 90 % within 65. Lines of a return: median 1, 90 % up to 4.
RETURN_LAG_LOG_DAYS: Final = (2.2, 1.45)
RETURN_LINES_LOG: Final = (0.2, 1.05)


@dataclass(frozen=True, slots=True)
class Invoices:
    """One entry per invoice; every array has the same length.

    *customer* is -1 where there is none. *value* in pounds is the intended sum of the lines, 0 for a stock adjustment.
    *parent* is the position of the order that a return refers to, else -1.
    """

    customer: Ints
    at: Floats
    lines: Ints
    value: Floats
    parent: Ints

    def by_time(self) -> Self:
        """Sort by trading time; parents follow their orders to the new positions."""
        order = np.argsort(self.at, kind="stable")
        position = np.empty_like(order)
        position[order] = np.arange(order.size)
        parent = np.where(self.parent < 0, -1, position[self.parent])
        return type(self)(self.customer[order], self.at[order], self.lines[order], self.value[order], parent[order])


def draw_invoices(rows: int, time: TradingTime, rng: Rng) -> Invoices:
    """All invoices of a table of exactly *rows* lines, by time; at least one order, and one on the last day."""
    adjusted, returned, anonymous = (
        round(share * rows) for share in (ADJUSTMENT_SHARE, RETURN_SHARE, NO_CUSTOMER_SHARE - ADJUSTMENT_SHARE)
    )
    orders = _draw_orders(rows, rows - adjusted - returned - anonymous, time, rng)
    returns = _draw_returns(orders, returned, time, rng)
    # Returns are whole invoices and may be a few lines short of their share: anonymous sales make up for it.
    sales = _draw_anonymous(anonymous + returned - int(returns.lines.sum()), time, rng)
    adjustments = _without_customer(np.ones(adjusted, np.int64), np.zeros(adjusted), time, rng)
    return _joined(orders, returns, sales, adjustments).by_time()


def _draw_orders(rows: int, lines: int, time: TradingTime, rng: Rng) -> Invoices:
    """Draw the customers' orders, *lines* lines in all; spend levels differ between customers, at any frequency."""
    purchases = draw_purchases(max(ARRIVALS_AT_LEAST, round(rows * ARRIVALS_PER_ROW)), time, rng)
    most = max(1, lines // LINES_PER_ORDER_AT_LEAST)
    kept = np.linspace(purchases.at.size - 1, 0, min(most, purchases.at.size)).astype(np.int64)[::-1]
    customer, at = purchases.customer[kept], purchases.at[kept]
    level = SPEND_V / rng.gamma(SPEND_Q, 1.0, purchases.customers)
    value = level[customer] * rng.gamma(SPEND_P, 1.0, at.size)
    value[rng.random(at.size) < WHOLESALE_SHARE] *= WHOLESALE_FACTOR
    wish = _quantile(ORDER_LINES, _ranks_like(value, rng))
    return Invoices(customer, at, _fitted(wish, lines), value, np.full(at.size, -1))


def _draw_returns(orders: Invoices, budget: int, time: TradingTime, rng: Rng) -> Invoices:
    """Draw returns of earlier orders, at most *budget* lines in all, none after the last day."""
    parent = rng.permutation(orders.at.size)
    at = orders.at[parent] + rng.lognormal(*RETURN_LAG_LOG_DAYS, parent.size)
    wish = np.maximum(1, rng.lognormal(*RETURN_LINES_LOG, parent.size).astype(np.int64))
    parent, at, wish = (column[at < time.closes] for column in (parent, at, wish))
    lines = np.minimum(wish, orders.lines[parent])
    taken = np.cumsum(lines) <= budget
    parent, lines = parent[taken], lines[taken]
    return Invoices(orders.customer[parent], at[taken], lines, orders.value[parent], parent)


def _draw_anonymous(lines: int, time: TradingTime, rng: Rng) -> Invoices:
    """Draw sales without a customer: few but long invoices, *lines* lines in all."""
    invoices = min(lines, max(1, round(lines / ANONYMOUS_LINES_MEAN)))
    fitted = _fitted(_quantile(ANONYMOUS_LINES, rng.random(invoices)), lines)
    return _without_customer(fitted, ANONYMOUS_VALUE_PER_LINE * fitted * rng.gamma(2.0, 0.5, invoices), time, rng)


def _without_customer(lines: Ints, value: Floats, time: TradingTime, rng: Rng) -> Invoices:
    """Invoices without a customer, at any moment of the period."""
    at = time.opens + rng.random(lines.size) * (time.closes - time.opens)
    none = np.full(lines.size, -1)
    return Invoices(none, at, lines, value, none)


def _joined(*kinds: Invoices) -> Invoices:
    """All kinds one after the other, the orders first, so that the positions of parents stay valid."""
    return Invoices(
        *(
            np.concatenate([getattr(kind, name) for kind in kinds])
            for name in ("customer", "at", "lines", "value", "parent")
        )
    )


def _ranks_like(value: Floats, rng: Rng) -> Floats:
    """Uniform shares in (0, 1) whose normal scores correlate with log *value* by LINES_WITH_VALUE."""
    mean, deviation = LOG_VALUE
    noise = np.sqrt(1.0 - LINES_WITH_VALUE**2) * rng.standard_normal(value.size)
    score = LINES_WITH_VALUE * (np.log(value) - mean) / deviation + noise
    return (np.argsort(np.argsort(score)) + 0.5) / value.size


def _quantile(table: tuple[int, ...], share: Floats) -> Floats:
    """Return the value at each *share* in a table over QUANTILES, interpolated on the logarithm."""
    return np.exp(np.interp(share, QUANTILES, np.log(table)))


def _fitted(wish: Floats, total: int) -> Ints:
    """Whole numbers of at least 1 in the proportions of *wish* that sum to exactly *total* >= their number."""
    over = np.maximum(wish - 1.0, 1e-9)
    ends = np.rint(np.cumsum(over) * ((total - wish.size) / max(over.sum(), 1e-9)))
    fitted: Ints = 1 + np.diff(ends, prepend=0.0).astype(np.int64)
    return fitted
