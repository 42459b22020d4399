"""The synthetic table: the same for the same seed, exactly as long as requested, and shaped like the published one."""

from __future__ import annotations

import csv
import itertools
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pytest

from retention.store.schema import LINE_FIELDS
from seeder.sources.synthetic import synthetic_rows, write_csv
from seeder.sources.synthetic.customers import draw_purchases, trading_time

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 300_000
SEED = 3
CLOCK = datetime(2011, 12, 10)  # noqa: DTZ001 - the table has no time zone
TYPES = ((str,), (str,), (str, type(None)), (int,), (datetime,), (float,), (int, type(None)), (str,))


class Line(NamedTuple):
    """A readable row, by its published columns."""

    invoice: str
    code: str
    description: str | None
    quantity: int
    at: datetime
    price: float
    customer: int | None
    country: str


class Order(NamedTuple):
    """The purchase lines of one invoice."""

    at: datetime
    value: float
    lines: int


def readable(row: tuple[object, ...]) -> bool:
    return row[0] != "" and all(isinstance(value, kinds) for value, kinds in zip(row, TYPES, strict=True))


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def auc(score: list[float], label: list[bool]) -> float:
    """Probability that a random positive scores above a random negative; ties count half."""
    scores, positive = np.asarray(score), np.asarray(label)
    below = np.searchsorted(np.sort(scores[~positive]), scores[positive], side="left")
    up_to = np.searchsorted(np.sort(scores[~positive]), scores[positive], side="right")
    return float((below + up_to).mean() / 2 / (~positive).sum())


@pytest.fixture(scope="module")
def rows() -> list[tuple[object, ...]]:
    return list(synthetic_rows(ROWS, SEED))


@pytest.fixture(scope="module")
def lines(rows: list[tuple[object, ...]]) -> list[Line]:
    return [Line(*cast("tuple[str, str, str, int, datetime, float, int, str]", row)) for row in rows if readable(row)]


@pytest.fixture(scope="module")
def purchases(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.customer is not None and line.quantity > 0 and line.price > 0]


@pytest.fixture(scope="module")
def orders(purchases: list[Line]) -> dict[int, list[Order]]:
    """Each customer's orders, by time."""
    found: dict[int, list[Order]] = defaultdict(list)
    for (_, customer), one in itertools.groupby(purchases, lambda line: (line.invoice, line.customer)):
        bought = list(one)
        found[cast("int", customer)].append(
            Order(bought[0].at, sum(line.quantity * line.price for line in bought), len(bought))
        )
    return found


# Length, order, reproducibility


@pytest.mark.parametrize("count", [1, 2, 3, 17, 100, 999, 9_999, 20_001, 40_000])
def test_there_are_exactly_as_many_rows_as_requested(count: int) -> None:
    assert sum(1 for _ in synthetic_rows(count, SEED)) == count


def test_a_table_without_rows_is_refused_before_anything_is_generated() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        synthetic_rows(0, SEED)


def test_the_same_seed_gives_the_same_rows() -> None:
    assert list(synthetic_rows(20_000, 5)) == list(synthetic_rows(20_000, 5))


def test_another_seed_gives_other_rows() -> None:
    pairs = zip(synthetic_rows(5_000, 5), synthetic_rows(5_000, 6), strict=True)
    assert share([one == other for one, other in pairs]) < 0.01


def test_rows_are_in_order_of_time(lines: list[Line]) -> None:
    assert all(earlier.at <= later.at for earlier, later in itertools.pairwise(lines))


@pytest.mark.parametrize("count", [1, 2, 40, 3_000])
@pytest.mark.parametrize("seed", range(8))
def test_every_table_has_an_order_on_the_last_day(count: int, seed: int) -> None:
    last = list(synthetic_rows(count, seed))[-1]
    assert cast("datetime", last[4]).date() == date(2011, 12, 9)


def test_the_period_is_the_published_one(lines: list[Line]) -> None:
    assert (lines[0].at.date(), lines[-1].at.date()) == (date(2010, 12, 1), date(2011, 12, 9))


def test_every_time_is_a_whole_minute_without_a_time_zone(lines: list[Line]) -> None:
    assert all((line.at.second, line.at.microsecond, line.at.tzinfo) == (0, 0, None) for line in lines)


def test_the_lines_of_an_invoice_are_together(lines: list[Line]) -> None:
    runs = Counter(invoice for invoice, _ in itertools.groupby(line.invoice for line in lines))
    assert set(runs.values()) == {1}


def test_an_invoice_has_one_customer_one_time_and_one_country(lines: list[Line]) -> None:
    heads = {(line.invoice, line.customer, line.at, line.country) for line in lines}
    assert len(heads) == len({line.invoice for line in lines})


def test_invoice_numbers_rise_by_one_from_the_first_published_one(lines: list[Line]) -> None:
    numbers = [int(invoice.removeprefix("C")) for invoice, _ in itertools.groupby(line.invoice for line in lines)]
    assert numbers[0] == 536_365
    assert set(np.diff(numbers)) <= {1, 2}  # 2: the only line of an invoice is a bad row


def test_prices_have_two_decimals_and_are_never_negative(lines: list[Line]) -> None:
    assert all(line.price >= 0 and round(line.price, 2) == line.price for line in lines)


def test_no_line_has_quantity_zero(lines: list[Line]) -> None:
    assert all(line.quantity != 0 for line in lines)


# Bad rows


@pytest.mark.parametrize(("count", "bad"), [(9_999, 0), (10_000, 3), (60_000, 3), (100_000, 5)])
def test_one_row_in_twenty_thousand_is_bad_but_at_least_three_from_ten_thousand_on(count: int, bad: int) -> None:
    assert sum(not readable(row) for row in synthetic_rows(count, SEED)) == bad


def test_a_bad_row_has_one_unreadable_text(rows: list[tuple[object, ...]]) -> None:
    unreadable = [
        [
            (name, value)
            for name, value, kinds in zip(LINE_FIELDS, row, TYPES, strict=True)
            if not isinstance(value, kinds)
        ]
        for row in rows
        if not readable(row) and row[0]
    ]
    known = {("InvoiceDate", "not a date"), ("Quantity", "six"), ("UnitPrice", "n/a")}
    assert all(len(values) == 1 for values in unreadable)
    assert {values[0] for values in unreadable} == known


def test_some_bad_rows_have_no_invoice_number(rows: list[tuple[object, ...]]) -> None:
    assert any(row[0] == "" for row in rows)


# Customers


def test_the_number_of_customers_follows_the_number_of_rows(orders: dict[int, list[Order]]) -> None:
    assert len(orders) == pytest.approx(ROWS * 4_338 / 541_909, rel=0.05)


def test_customer_ids_have_five_digits(orders: dict[int, list[Order]]) -> None:
    assert min(orders) >= 12_346
    assert max(orders) <= 99_999


@pytest.mark.parametrize(
    ("quantile", "low", "high"),
    [(0.10, 1, 1), (0.25, 1, 1), (0.50, 2, 2), (0.75, 4, 6), (0.90, 8, 11), (0.99, 22, 36)],
)
def test_orders_per_customer_follow_the_published_quantiles(
    orders: dict[int, list[Order]], quantile: float, low: int, high: int
) -> None:
    assert low <= np.quantile([len(own) for own in orders.values()], quantile) <= high


def silent_share(orders: dict[int, list[Order]], fewest: int, most: int) -> float:
    """Share of the customers with *fewest* to *most* orders who have not ordered for 90 days at the clock."""
    silent = CLOCK - timedelta(days=90)
    return share([own[-1].at < silent for own in orders.values() if fewest <= len(own) <= most])


def test_a_third_of_all_customers_is_silent_for_ninety_days_at_the_end(orders: dict[int, list[Order]]) -> None:
    assert 0.27 < silent_share(orders, 1, 1_000) < 0.40


def test_most_customers_with_one_order_are_silent_at_the_end(orders: dict[int, list[Order]]) -> None:
    assert 0.50 < silent_share(orders, 1, 1) < 0.80


def test_some_frequent_customers_leave_but_most_stay() -> None:
    time = trading_time()
    drawn = draw_purchases(40_000, time, np.random.Generator(np.random.PCG64(SEED)))
    early = np.bincount(drawn.customer[drawn.at < time.opens + 180], minlength=drawn.customers)
    late = np.bincount(drawn.customer[drawn.at > time.closes - 120], minlength=drawn.customers)
    # 5 %. It would be 2 % if nobody left, and 25 % if everybody left with the same (mean) probability.
    assert 0.035 < (late[early >= 8] == 0).mean() < 0.10


def test_churn_can_be_predicted_from_the_past_but_not_trivially(orders: dict[int, list[Order]]) -> None:
    cut = datetime(2011, 9, 11)  # noqa: DTZ001
    score, label = [], []
    for own in orders.values():
        past = [order.at for order in own if order.at < cut]
        if past:
            score.append(np.log1p((cut - past[-1]).days) - 2 * np.log1p(len(past)))
            label.append(len(past) == len(own))
    assert 0.35 < share(label) < 0.60
    assert 0.70 < auc(score, label) < 0.79


def test_a_fifth_of_the_customers_is_first_seen_in_the_first_month(
    orders: dict[int, list[Order]],
) -> None:
    first = Counter(own[0].at.strftime("%Y-%m") for own in orders.values())
    assert 0.17 < first["2010-12"] / len(orders) < 0.26
    assert 0.02 < first["2011-08"] / len(orders) < 0.07


def test_nine_customers_in_ten_are_british_and_the_others_from_many_countries(purchases: list[Line]) -> None:
    home = {line.customer: line.country for line in purchases}
    assert 0.88 < share([country == "United Kingdom" for country in home.values()]) < 0.92
    assert len(set(home.values())) > 30


def test_all_published_countries_are_in_a_table_of_the_default_size() -> None:
    assert len({row[7] for row in synthetic_rows(420_000, 1)}) == 38


# The calendar


def test_nobody_orders_on_saturdays_or_closed_days(lines: list[Line]) -> None:
    days = {line.at.date() for line in lines}
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4, 6}
    assert not days & {date(2010, 12, 24), date(2010, 12, 28), date(2011, 4, 22), date(2011, 8, 29)}


def test_november_thursdays_and_noon_are_the_busiest(orders: dict[int, list[Order]]) -> None:
    times = [order.at for own in orders.values() for order in own]
    month, weekday, hour = (Counter(time.strftime(part) for time in times) for part in ("%m", "%a", "%H"))
    assert 1.8 < month["11"] / month["02"] < 4.0
    assert weekday.most_common(1)[0][0] == "Thu"
    assert hour.most_common(1)[0][0] == "12"
    assert 7 <= int(min(hour)) <= int(max(hour)) <= 20


# Lines


def test_a_quarter_of_the_lines_has_no_customer(lines: list[Line]) -> None:
    assert 0.24 < share([line.customer is None for line in lines]) < 0.26


def test_price_zero_means_no_customer_and_is_rare(lines: list[Line]) -> None:
    free = [line for line in lines if line.price == 0]
    assert all(line.customer is None for line in free)
    assert 0.003 < len(free) / len(lines) < 0.007


def test_a_negative_quantity_is_a_return_or_a_write_off(lines: list[Line]) -> None:
    negative = [line for line in lines if line.quantity < 0]
    assert all(line.invoice.startswith("C") != (line.price == 0) for line in negative)
    assert any(line.price == 0 for line in negative)


def test_only_write_offs_have_no_description(lines: list[Line]) -> None:
    assert all((line.description is None) == (line.price == 0 and line.quantity < 0) for line in lines)


def test_returns_are_about_two_rows_in_a_hundred(lines: list[Line]) -> None:
    assert 0.0150 < share([line.invoice.startswith("C") for line in lines]) < 0.0190


def test_a_return_takes_back_an_earlier_sale_of_the_same_customer_and_code(
    rows: list[tuple[object, ...]], lines: list[Line]
) -> None:
    sold: dict[tuple[int | None, str, float], int] = defaultdict(int)
    unmatched = 0
    for line in lines:
        key = (line.customer, line.code, line.price)
        if line.invoice.startswith("C"):
            assert line.quantity < 0
            unmatched += sold[key] < -line.quantity
        else:
            sold[key] = max(sold[key], line.quantity)
    assert unmatched <= len(rows) - len(lines)  # the sale is a bad row


def test_half_of_the_returns_come_within_about_nine_days(lines: list[Line]) -> None:
    sold: dict[tuple[int | None, str], datetime] = {}
    lags = []
    for line in lines:
        if line.invoice.startswith("C"):
            lags.append((line.at - sold.get((line.customer, line.code), line.at)).days)
        elif line.customer is not None:
            sold[line.customer, line.code] = line.at
    assert 5 <= np.median(lags) <= 13


def test_about_one_line_in_a_hundred_is_an_exact_duplicate(lines: list[Line]) -> None:
    assert 0.007 < 1 - len(set(lines)) / len(lines) < 0.016


@pytest.mark.parametrize(
    ("quantile", "low", "high"), [(0.10, 1, 3), (0.25, 4, 8), (0.50, 12, 18), (0.90, 40, 56), (0.99, 90, 135)]
)
def test_lines_per_order_follow_the_published_quantiles(
    orders: dict[int, list[Order]], quantile: float, low: int, high: int
) -> None:
    assert low <= np.quantile([order.lines for own in orders.values() for order in own], quantile) <= high


@pytest.mark.parametrize(
    ("quantile", "low", "high"),
    [(0.10, 65, 110), (0.25, 125, 190), (0.50, 240, 365), (0.75, 400, 600), (0.90, 700, 1_050), (0.99, 2_000, 5_000)],
)
def test_order_values_are_near_the_published_quantiles(
    orders: dict[int, list[Order]], quantile: float, low: float, high: float
) -> None:
    assert low <= np.quantile([order.value for own in orders.values() for order in own], quantile) <= high


def test_spend_levels_differ_between_customers_independently_of_frequency(orders: dict[int, list[Order]]) -> None:
    logs = [np.log([order.value for order in own]) for own in orders.values() if len(own) > 1]
    first_to_last = np.corrcoef([log[0] for log in logs], [log[-1] for log in logs])[0, 1]
    with_frequency = np.corrcoef([np.log(log.size) for log in logs], [log.mean() for log in logs])[0, 1]
    assert first_to_last > 0.2
    assert abs(with_frequency) < 0.1


@pytest.mark.parametrize(("quantile", "low", "high"), [(0.10, 1, 1), (0.25, 1, 3), (0.50, 4, 6), (0.75, 10, 12)])
def test_quantities_follow_the_published_quantiles(
    purchases: list[Line], quantile: float, low: float, high: float
) -> None:
    assert low <= np.quantile([line.quantity for line in purchases], quantile) <= high


@pytest.mark.parametrize(("quantile", "low", "high"), [(0.25, 0.85, 1.45), (0.5, 1.65, 2.1), (0.75, 2.95, 4.95)])
def test_unit_prices_follow_the_published_quantiles(
    purchases: list[Line], quantile: float, low: float, high: float
) -> None:
    assert low <= np.quantile([line.price for line in purchases], quantile) <= high


def test_a_code_has_one_description_and_at_most_four_prices(lines: list[Line]) -> None:
    prices, descriptions = defaultdict(set), defaultdict(set)
    for line in lines:
        if line.price > 0:
            prices[line.code].add(line.price)
            descriptions[line.code].add(line.description)
    assert max(map(len, prices.values())) <= 4
    assert set(map(len, descriptions.values())) == {1}


@pytest.mark.parametrize(("top", "low", "high"), [(10, 0.025, 0.045), (100, 0.16, 0.24), (1_000, 0.70, 0.80)])
def test_popularity_is_close_to_exponential(purchases: list[Line], top: int, low: float, high: float) -> None:
    most = Counter(line.code for line in purchases).most_common(top)
    assert low < sum(count for _, count in most) / len(purchases) < high


def test_a_third_of_the_lines_repeats_a_code_of_the_customer(purchases: list[Line]) -> None:
    distinct = len({(line.customer, line.code) for line in purchases})
    assert 0.27 < 1 - distinct / len(purchases) < 0.38


def test_codes_are_five_digits_with_an_optional_letter_or_a_service(lines: list[Line]) -> None:
    others = {line.code for line in lines if not re.fullmatch(r"\d{5}[A-Z]?", line.code)}
    assert others == {"POST", "DOT", "M", "C2", "S", "BANK CHARGES", "AMAZONFEE"}


def test_postage_is_for_orders_from_abroad(lines: list[Line]) -> None:
    assert {line.country for line in lines if line.code == "POST"}.isdisjoint({"United Kingdom"})


# The file


def test_the_file_is_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        write_csv(tmp_path / name, 12_000, SEED)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_file_has_the_values_of_the_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "table.csv", 12_000, SEED)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        header, *written = csv.reader(file)
    assert ",".join(header) == "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    assert written == [
        [
            value.strftime("%d-%m-%Y %H:%M") if isinstance(value, datetime) else "" if value is None else str(value)
            for value in row
        ]
        for row in synthetic_rows(12_000, SEED)
    ]


def test_the_lines_of_the_file_end_in_crlf(tmp_path: Path) -> None:
    write_csv(tmp_path / "table.csv", 50, SEED)
    content = (tmp_path / "table.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 51


def test_a_failed_write_leaves_the_previous_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"as before")
    with pytest.raises(ValueError, match="at least 1"):
        write_csv(tmp_path / "table.csv", 0, SEED)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("table.csv", b"as before")]


# The budget


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_generating_the_default_table_stays_under_130_megabytes() -> None:
    script = (
        "from seeder.sources.synthetic import synthetic_rows\n"
        "for _ in synthetic_rows(420_000, 1): pass\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert int(result.stdout) < 130_000


def test_the_customer_of_the_examples_is_a_regular() -> None:
    for seed in (1, 2, 3):
        rows = synthetic_rows(50_000, seed)
        invoices = {row[0] for row in rows if row[6] == 12_347 and not str(row[0]).startswith("C")}
        assert len(invoices) >= 5
