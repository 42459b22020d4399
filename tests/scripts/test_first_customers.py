"""The customers to write to first: risky, worth something, and not gone for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from first_customers import first_customers, money

if TYPE_CHECKING:
    from collections.abc import Iterable


def customer(number: int, risk: float, worth: float | None, **others: Any) -> dict[str, Any]:
    return {
        "customer_id": number,
        "churn_probability": risk,
        "churn_prediction": int(risk >= 0.5),
        "net_monetary": worth,
        "evidence": "repeat",
        "Recency": 40,
        **others,
    }


def api(customers: Iterable[dict[str, Any]], *, page: int = 1_000, ready: bool = True) -> httpx.Client:
    """An API whose customers are worth 100.00 on average, and whose list has pages of `page`."""
    listed = sorted(customers, key=lambda each: -each["churn_probability"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/clusters/summary":
            if not ready:
                return httpx.Response(503, json={"detail": "The scores are being made"})
            return httpx.Response(200, json=[{"share": 0.5, "monetary": 50.0}, {"share": 0.5, "monetary": 150.0}])
        if request.url.path == "/customers":
            start = int(request.url.params.get("cursor", 0))
            following = str(start + page) if start + page < len(listed) else None
            return httpx.Response(200, json={"items": listed[start : start + page], "next_cursor": following})
        contributions = [
            {"contribution": 0.4, "text": "last order 40 days ago, longer than 9% of customers: raises the risk"},
            {"contribution": -2.0, "text": "7 orders, more than 88% of customers: lowers the risk"},
        ]
        meta, prediction = {"currency": "GBP"}, {"horizon_days": 90}
        return httpx.Response(
            200,
            json={
                "results": [
                    {
                        "customer_id": each["customer_id"],
                        "meta": meta,
                        "prediction": prediction,
                        "explanation": {"contributions": contributions},
                    }
                    for each in listed
                ]
            },
        )

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://api")


def shown(client: httpx.Client) -> list[str]:
    """The first word of each row of the table."""
    return [line.split()[0] for line in first_customers(client).partition("because\n")[2].splitlines()]


def test_the_riskiest_of_those_worth_the_average_come_first() -> None:
    customers = [customer(1, 0.7, 100), customer(2, 0.9, 99.9), customer(3, 0.8, 5000), customer(4, 0.4, 9000)]
    assert shown(api(customers)) == ["3", "1"]


def test_customers_who_have_been_silent_for_long_come_after_the_others() -> None:
    customers = [customer(1, 0.99, 500, evidence="lapsed"), customer(2, 0.6, 500)]
    assert shown(api(customers)) == ["2", "1"]


def test_ten_are_shown_however_many_pages_it_takes() -> None:
    customers = [customer(number, 0.9 - number / 100, 200 if number > 5 else 1) for number in range(1, 31)]
    assert shown(api(customers, page=4)) == [str(number) for number in range(6, 16)]


def test_a_row_says_who_how_much_how_likely_and_why() -> None:
    text = first_customers(api([customer(1, 0.71, 1234.5, customer_ref="maya@fernhill.example")]))
    assert text.splitlines()[-1].split("  ") == [
        "",
        "maya@fernhill.example",
        "£1,234.50",
        " 71%",
        " 40 days ago",
        "last order 40 days ago",
    ]
    assert "£100.00 after returns" in text
    assert "next 90 days" in " ".join(text.split())


def test_nobody_at_risk_and_no_scores_are_one_sentence() -> None:
    assert first_customers(api([customer(1, 0.2, 500)])).startswith("Nobody who is worth")
    assert first_customers(api([], ready=False)) == "Nobody to write to yet: The scores are being made"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [(1234.5, "GBP", "£1,234.50"), (24000, "JPY", "24,000 JPY"), (-2.9, "SEK", "−2.90 SEK")],
)
def test_money_is_written_as_on_the_page(value: float, currency: str, text: str) -> None:
    assert money(value, currency) == text
