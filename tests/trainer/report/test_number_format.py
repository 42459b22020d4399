"""Numbers, percentages, money and days: written one way."""

from __future__ import annotations

import pytest

from trainer.report.number_format import compact, count, day, money, percent, percent_range, signed


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.004, "0.4%"), (0.4312, "43%"), (0.996, "99.6%"), (1, "100%")]
)
def test_a_percentage_keeps_a_decimal_near_none_and_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_range_of_percentages_has_one_sign() -> None:
    assert percent_range(0.41, 0.45) == "41–45%"
    assert percent_range(0.004, 0.03) == "0.4–3%"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [(1234.5, "GBP", "£1,234.50"), (-20, "EUR", "−€20.00"), (-0.001, "USD", "$0.00"), (1234.5, "CHF", "1,234.50 CHF")],
)
def test_money_has_two_decimals_and_its_currency(value: float, currency: str, text: str) -> None:
    assert money(value, currency) == text


def test_other_figures_are_short() -> None:
    assert [compact(value) for value in (0.37, 4.21, 5.0, 1801.4)] == ["0.37", "4.2", "5", "1,801"]
    assert [signed(value) for value in (0.3, -0.19, -0.001)] == ["+0.30", "−0.19", "0.00"]
    assert [count(number, "day") for number in (1, 2_000)] == ["1 day", "2,000 days"]
    assert day("2011-12-10T00:00:00Z") == "10 December 2011"
