"""How the look writes figures."""

from __future__ import annotations

import pytest

from seeder.look.wording import amount, count, listed, percent, reason


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1234.5, "GBP", "£1,234.50"),
        (-20.0, "USD", "−$20.00"),
        (-0.001, "EUR", "€0.00"),
        (24_000.0, "JPY", "24,000 JPY"),
        (1234.5, "CHF", "1,234.50 CHF"),
        (1234.5, None, "1,234.50"),
    ],
)
def test_money_has_its_currency(value: float, currency: str | None, text: str) -> None:
    assert amount(value, currency) == text


def test_shares_and_counts() -> None:
    assert [percent(share) for share in (0.0, 0.0004, 0.4312, 1.0)] == ["0.0%", "0.04%", "43.1%", "100.0%"]
    assert [count(1, "order"), count(2_000, "order")] == ["1 order", "2,000 orders"]
    assert [listed(["a", "b", "c"], 2), listed(["a"], 2)] == ["a, b and 1 more", "a"]


def test_reasons_are_words() -> None:
    codes = ("InvoiceDate_out_of_range", "other_currency", "columns", "CustomerID_unreadable", "row_unreadable")
    assert [reason(code) for code in codes] == [
        "date out of range", "other currency", "columns", "customer unreadable", "row unreadable",
    ]  # fmt: skip
