"""The rules: a value is read the same however it is written, and refused only when it is unreadable."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retention.lines.dates import DateFormat
from retention.lines.numbers import NumberFormat
from retention.lines.rules import RULES, Reading, UnreadableError, Value
from retention.store import schema

RULE = {rule.name: rule for rule in RULES}
READING = Reading(DateFormat("dmy"), datetime(2012, 1, 1, tzinfo=UTC))


def read(field: str, value: object) -> Value:
    return RULE[field].read(value, READING)


def test_there_is_one_rule_per_published_field_in_their_order() -> None:
    assert tuple(RULE) == schema.LINE_FIELDS


@pytest.mark.parametrize(
    "written",
    [
        "17850",
        "17850.0",
        "17850.00",
        " 17850 ",
        "'17850",
        '="17850"',
        "\ufeff17850\u200b",
        17850,
        17850.0,
        Decimal("17850.00"),
    ],
)
def test_a_customer_id_is_read_in_every_notation_of_exports(written: object) -> None:
    assert read("CustomerID", written) == 17850


@pytest.mark.parametrize("written", [str(2**53 + 1), f"{2**53 + 1}.0", 2**53 + 1, Decimal(2**53 + 1)])
def test_a_large_customer_id_keeps_every_digit(written: object) -> None:
    assert read("CustomerID", written) == 2**53 + 1


@pytest.mark.parametrize(
    "written",
    ["", " ", "nan", "NaN", "NULL", "N/A", None, float("nan"), "0", 0, "0.0", "-", "Guest", "Invité", "\u00a0"],
)
def test_a_customer_id_may_be_missing(written: object) -> None:
    assert read("CustomerID", written) is None


@pytest.mark.parametrize("written", ["22423", 22423, 22423.0, Decimal(22423), " 22423\t"])
def test_a_code_stored_as_a_number_in_a_spreadsheet_stays_a_code(written: object) -> None:
    assert read("StockCode", written) == "22423"


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [("Quantity", "-6", -6), ("Quantity", "0", 0), ("Quantity", "6.0", 6), ("UnitPrice", "0", 0.0),
     ("Quantity", "0.255", 0.255), ("Quantity", 2.5, 2.5), ("UnitPrice", "£2.55", 2.55),
     ("UnitPrice", "$1,240.50", 1240.5),
     ("InvoiceNo", "3101.0", "3101"), ("InvoiceNo", 3101.0, "3101"), ("InvoiceNo", "0536365.00", "0536365"),
     ("InvoiceNo", "3101.10", "3101.10"), ("StockCode", "'04101", "04101"), ("Description", "'Tis", "'Tis"),
     ("Description", "for maya@fernhill.example, Blue", "for [e-mail], Blue"), ("Description", "2 @ 3.50", "2 @ 3.50"),
     ("UnitPrice", "-11062.06", -11062.06), ("UnitPrice", -0.0, 0.0), ("UnitPrice", Decimal("2.55"), 2.55),
     ("Description", float("nan"), None), ("Description", "", None), ("Country", None, None)],
)  # fmt: skip
def test_odd_values_are_kept(field: str, written: object, value: Value) -> None:
    assert read(field, written) == value


@pytest.mark.parametrize(
    "written",
    ["13-12-2010 08:26", "13/12/2010 8:26", "13.12.2010 08:26:00", " 13-12-2010 08:26 ", "13-12-2010 08:26:00.999",
     "13-12-2010 10:26:00+02:00", "13-12-2010 08:26:00Z", datetime(2010, 12, 13, 8, 26),  # noqa: DTZ001
     datetime(2010, 12, 13, 8, 26, 0, 999_999, tzinfo=UTC)],
)  # fmt: skip
def test_an_instant_is_read_to_the_second_in_utc(written: object) -> None:
    assert read("InvoiceDate", written) == datetime(2010, 12, 13, 8, 26, tzinfo=UTC)


def test_a_date_without_a_time_is_midnight() -> None:
    assert read("InvoiceDate", date(2010, 12, 13)) == datetime(2010, 12, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("InvoiceNo", " ", "missing"),
        ("InvoiceNo", None, "missing"),
        ("InvoiceNo", "x" * 51, "too_long"),
        ("StockCode", "x" * 51, "too_long"),
        ("Country", "x" * 101, "too_long"),
        ("Description", "x" * 1001, "too_long"),
        ("InvoiceNo", "53\x0065", "unreadable"),
        ("InvoiceNo", True, "unreadable"),
        ("InvoiceNo", b"536365", "unreadable"),
        ("Description", "\ud800", "unreadable"),
        ("Quantity", "six", "unreadable"),
        ("Quantity", "1_000", "unreadable"),
        ("Quantity", "\uff11\uff12", "unreadable"),
        ("Quantity", True, "unreadable"),
        ("Quantity", "", "missing"),
        ("Quantity", "3000000000", "out_of_range"),
        ("Quantity", "1e400", "unreadable"),
        ("Quantity", 10**400, "unreadable"),
        ("UnitPrice", "nan", "unreadable"),
        ("UnitPrice", "inf", "unreadable"),
        ("UnitPrice", "2,55", "unreadable"),
        ("UnitPrice", "1,240", "unreadable"),
        ("UnitPrice", "1e10", "out_of_range"),
        ("InvoiceDate", "31/02/2011", "unreadable"),
        ("InvoiceDate", "12/13/2010 08:26", "unreadable"),
        ("InvoiceDate", "", "missing"),
        ("InvoiceDate", "yesterday", "unreadable"),
        ("InvoiceDate", 1292228760, "unreadable"),
        ("InvoiceDate", "31-12-1899 00:00", "out_of_range"),
        ("InvoiceDate", "01-01-2999 00:00", "out_of_range"),
        ("InvoiceDate", "31-12-9999 23:59-14:00", "out_of_range"),
        ("CustomerID", "abc", "unreadable"),
        ("CustomerID", "-1", "out_of_range"),
        ("CustomerID", "--5", "unreadable"),
        ("CustomerID", "1e4", "unreadable"),
        ("CustomerID", "5.99E+12", "shortened"),
        ("InvoiceNo", "5.99E+12", "shortened"),
        ("InvoiceNo", "5,99e+12", "shortened"),
        ("CustomerID", 2.0**53, "out_of_range"),
        ("CustomerID", "9" * 19, "out_of_range"),
        ("CustomerID", "9" * 26, "unreadable"),
        ("CustomerID", "\uff11\uff12", "unreadable"),
        ("CustomerID", True, "unreadable"),
    ],
)
def test_an_unreadable_value_is_refused_with_its_field_and_reason(field: str, value: Any, reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(field, value)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_a_rejected_quantity_beyond_32_bits_is_out_of_range_in_any_notation() -> None:
    with pytest.raises(UnreadableError, match="out_of_range"):
        read("Quantity", "3,000,000,000.0")


NEW_YORK = READING._replace(zone=ZoneInfo("America/New_York"))
ISO_DATES = DateFormat("ymd")


@pytest.mark.parametrize(
    ("written", "reading", "wall_clock"),
    [
        ("2011-03-01 23:30:00 -0500", NEW_YORK, "2011-03-01 23:30"),
        ("2011-03-02T04:30:00Z", NEW_YORK, "2011-03-01 23:30"),
        ("2011-03-01 23:30:00", NEW_YORK, "2011-03-01 23:30"),
        ("2011-03-13 02:30:00", NEW_YORK, "2011-03-13 02:30"),  # an hour that did not exist
        ("2011-11-06 01:30:00", NEW_YORK, "2011-11-06 01:30"),  # and one that came twice
        ("2011-11-06 06:30:00 UTC", NEW_YORK, "2011-11-06 01:30"),
        ("2011-03-02 04:30:00", NEW_YORK._replace(written_in=UTC), "2011-03-01 23:30"),
        ("2011-03-02 04:30:00", READING._replace(written_in=ZoneInfo("Europe/Berlin")), "2011-03-02 03:30"),
        ("2011-03-27 02:30:00", READING._replace(written_in=ZoneInfo("Europe/Berlin")), "2011-03-27 01:30"),
        (datetime(2011, 3, 2, 4, 30, tzinfo=UTC), NEW_YORK, "2011-03-01 23:30"),
        (date(2011, 3, 2), NEW_YORK, "2011-03-02 00:00"),
        (20110302, NEW_YORK, "2011-03-02 00:00"),
    ],
)
def test_an_instant_is_the_wall_clock_of_the_shop(written: object, reading: Reading, wall_clock: str) -> None:
    stored = RULE["InvoiceDate"].read(written, reading._replace(dates=ISO_DATES))
    assert stored == datetime.fromisoformat(wall_clock).replace(tzinfo=UTC)


def test_numbers_are_read_as_their_columns_are_written() -> None:
    german = READING._replace(prices=NumberFormat(","), quantities=NumberFormat("."))
    assert RULE["UnitPrice"].read("1.240,50 €", german) == 1240.5
    assert RULE["Quantity"].read("1,240", german) == 1240


class Everybody:
    """Takes any text for the same customer."""

    def number(self, value: object) -> int | None:
        return 7 if value else None


def test_people_decide_who_a_customer_is() -> None:
    assert RULE["CustomerID"].read("maya@fernhill.example", READING._replace(people=Everybody())) == 7
