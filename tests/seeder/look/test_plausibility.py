"""What is odd about a file."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from look_samples import trading, with_people

from seeder.look.people import person
from seeder.look.plausibility import Finding, judge_file
from seeder.look.profile import Day

if TYPE_CHECKING:
    from seeder.look.profile import Profile

JANUARY = date(2025, 1, 1)


def plain(days: int = 59, orders: int = 10, people: int = 100) -> Profile:
    """A shop of 1,180 rows and 100 customers, with nothing odd about it."""
    return with_people(trading((JANUARY, days, orders)), people)


def found(profile: Profile, topic: str, **options: Any) -> Finding | None:
    findings = judge_file(profile, currency="GBP", **options).findings
    return next((finding for finding in findings if finding.topic == topic), None)


def test_a_plain_shop_is_left_in_peace() -> None:
    assert judge_file(plain(), currency="GBP").findings == []


def test_columns_that_are_passed_over_are_named() -> None:
    finding = found(plain(), "columns", passed_over=["Currency", "Order Status"])
    assert finding == ("columns", "said", finding.text if finding else "", True)
    assert finding.text == 'columns passed over: "Currency", "Order Status" (--map names one that counts)'


@pytest.mark.parametrize(("rows", "severity"), [(20, "said"), (30, "asks")])
def test_more_than_two_in_a_hundred_rows_put_aside_are_asked_about(rows: int, severity: str) -> None:
    profile = plain()
    profile.rejected("InvoiceDate_unreadable", 7, "31/31/2025", rows)
    finding = found(profile, "put_aside")
    assert finding is not None
    assert finding.severity == severity
    assert finding.text.endswith(f"put aside: date unreadable {rows}, first in row 7")


def test_rows_in_another_currency_name_the_rates() -> None:
    profile = plain()
    profile.rejected("other_currency", 7, "3101 in EUR", 100)
    finding = found(profile, "put_aside")
    assert finding is not None
    assert finding.text == "100 of 1,280 rows (7.8%) put aside: other currency 100, first in row 7; --rates converts"


@pytest.mark.parametrize(("rows", "people"), [(10, 100), (59, 99)])
def test_shares_are_only_said_in_a_small_file(rows: int, people: int) -> None:
    profile = plain(days=rows, people=people)
    profile.rejected("InvoiceDate_unreadable", 7, "?", 100)
    finding = found(profile, "put_aside")
    assert finding is not None
    assert finding.severity == "said"


@pytest.mark.parametrize(("taken", "severity"), [(5, "said"), (6, "asks")])
def test_positive_invoices_taken_for_cancellations(taken: int, severity: str) -> None:
    profile = plain()
    profile.cancelled_letter = "C"
    for number in range(taken):
        profile.invoice(f"C9{number}", person("17"))
    profile.invoice("C99", person("17"), negative=True)
    finding = found(profile, "cancelled")
    assert finding is not None
    assert finding.severity == severity
    assert "begin with C (C90, C91 and" in finding.text
    assert finding.text.endswith("--cancelled-prefix ''")


def test_cancellations_with_negative_quantities_are_nothing_odd() -> None:
    profile = plain()
    profile.cancelled_letter = "C"
    profile.invoice("C99", person("17"), negative=True)
    assert found(profile, "cancelled") is None


def test_a_month_out_of_line_is_asked_about_with_its_figures() -> None:
    profile = plain()
    for at in range(1, 32):
        profile.sold(date(2025, 3, at), Day(10, 10, 100_000.0))
    finding = found(profile, "months")
    assert finding is not None
    assert finding.severity == "asks"
    assert finding.text.startswith("revenue in Mar 2025 is £3,100,000.00, against £5,900.00 in the months before")


@pytest.mark.parametrize(("orders", "severity"), [(20, None), (40, "asks")])
def test_a_walk_in_account_is_found(orders: int, severity: str | None) -> None:
    profile = plain()
    for number in range(orders):
        profile.invoice(f"9{number}00", person("till@fernhill.example"))
    finding = found(profile, "one_customer")
    assert (finding and finding.severity) == severity
    if finding:
        assert "28.6% of all orders are those of one customer, t…@fernhill.example" in finding.text


def test_an_order_that_comes_again_in_a_line_feed_needs_an_option_that_yes_is_not() -> None:
    profile = plain()
    profile.came_again("3103 has 2 lines, had 3")
    finding = found(profile, "again")
    assert finding is not None
    assert (finding.severity, finding.by_yes) == ("asks", False)
    assert "1 order comes again with other lines: 3103 has 2 lines, had 3; --replace-orders" in finding.text


def test_an_order_that_comes_again_in_an_export_of_whole_orders_replaces() -> None:
    profile = plain()
    profile.came_again("3103 has 2 lines, had 3")
    finding = found(profile, "again", whole_orders=True)
    assert finding is not None
    assert finding.severity == "said"
    given = found(profile, "again", orders_may_come_again=True)
    assert given is not None
    assert given.severity == "said"


def test_the_median_price_is_said() -> None:
    profile = plain()
    profile.prices.add([1260.0])
    finding = found(profile, "price")
    assert finding is not None
    assert finding.text == "median price £1,260.00: if that is in cents, divide all prices by 100"


def test_a_mistyped_date_is_cut_and_counts_in_no_other_finding() -> None:
    profile = plain()
    profile.sold(date(2026, 1, 5), Day(2, 1, 9_000_000.0))
    judged = judge_file(profile, currency="GBP")
    assert (judged.cut, judged.cut_lines) == (date(2026, 1, 5), 2)
    assert date(2026, 1, 5) not in judged.days
    assert [finding.text for finding in judged.findings] == [
        (
            "2 lines (1 order) dated 5 Jan 2026 or later, 311 days after all others (28 Feb 2025): quarantined "
            "as mistyped (implausible_date); if the dates are right, --latest 2026-01-05"
        ),
    ]


def test_an_earlier_mistyped_date_has_the_last_day_as_its_way_out() -> None:
    profile = plain()
    for day in (date(2026, 1, 5), date(2031, 1, 5)):
        profile.sold(day, Day(2, 1, 10.0))
    finding = found(profile, "dates")
    assert finding is not None
    assert finding.text.endswith("--latest 2031-01-05")


def test_latest_decides() -> None:
    profile = plain()
    profile.sold(date(2026, 1, 5), Day(2, 1, 10.0))
    kept = judge_file(profile, currency="GBP", latest=date(2026, 1, 5))
    assert (kept.cut, kept.cut_lines, kept.findings) == (date(2026, 1, 6), 0, [])
    cut = judge_file(profile, currency="GBP", latest=date(2025, 12, 31))
    assert (cut.cut, cut.cut_lines) == (date(2026, 1, 1), 2)


@pytest.mark.parametrize(("people", "severity"), [(99, "said"), (100, "asks")])
def test_a_pause_may_be_a_missing_export_and_its_lines_are_right(people: int, severity: str) -> None:
    profile = with_people(trading((JANUARY, 59, 10), (date(2025, 6, 1), 100, 40)), people)
    judged = judge_file(profile, currency="GBP")
    assert judged.cut is None
    assert [(finding.severity, finding.text) for finding in judged.findings] == [
        (
            severity,
            (
                "nothing was sold for 93 days, from 28 Feb 2025 to 1 Jun 2025; then 4,000 orders: is an export "
                "missing? If not, --latest 2025-09-08"
            ),
        )
    ]
    assert judge_file(profile, currency="GBP", latest=date(2025, 9, 8)).findings == []


def test_a_pause_and_a_mistyped_date_are_both_said_and_neither_option_lets_the_other_in() -> None:
    profile = with_people(trading((JANUARY, 59, 10), (date(2025, 6, 1), 100, 40), (date(2040, 1, 1), 1, 1)), 100)
    judged = judge_file(profile, currency="GBP")
    assert judged.cut == date(2040, 1, 1)
    assert [finding.text.rpartition("--latest ")[2] for finding in judged.findings] == ["2025-09-08", "2040-01-01"]
