"""A line: read the same however it is written, refused only when it cannot be understood, known by its content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention import schema
from retention.dates import DateFormat
from retention.lines import Line, LineIds, LineParser, Parsed, Rejection, document

PUBLISHED = ("536365", "85123A", "WHITE T-LIGHT HOLDER", "6", "01-12-2010 08:26", "2.55", "17850", "United Kingdom")
TYPED = ("536365", "85123A", "WHITE T-LIGHT HOLDER", 6, datetime(2010, 12, 1, 8, 26), 2.55, 17850.0, "United Kingdom")  # noqa: DTZ001
LATEST = datetime(2012, 1, 1, tzinfo=UTC)


def parse(row: tuple[Any, ...], order: str = "dmy") -> Line | Rejection:
    parsed = LineParser(DateFormat(order), LATEST).parse(row)
    return parsed if isinstance(parsed, Rejection) else parsed.line


def parsed(row: tuple[Any, ...]) -> Parsed:
    found = LineParser(DateFormat("dmy"), LATEST).parse(row)
    assert isinstance(found, Parsed), found
    return found


def with_field(field: str, value: object) -> tuple[Any, ...]:
    position = schema.LINE_FIELDS.index(field)
    return (*PUBLISHED[:position], value, *PUBLISHED[position + 1 :])


def test_a_published_row_becomes_a_typed_line() -> None:
    expected = Line(
        "536365",
        "85123A",
        "WHITE T-LIGHT HOLDER",
        6,
        datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
        2.55,
        17850,
        "United Kingdom",
    )
    assert parse(PUBLISHED) == expected


def test_text_and_typed_values_make_the_same_line_and_id() -> None:
    assert parsed(PUBLISHED) == parsed(TYPED)
    assert LineIds().next_id(parsed(PUBLISHED)) == LineIds().next_id(parsed(TYPED))


@pytest.mark.parametrize("written", ["17850", "17850.0", " 17850 ", 17850, 17850.0])
def test_a_customer_id_is_read_from_every_way_exports_write_it(written: object) -> None:
    line = parse(with_field("CustomerID", written))
    assert isinstance(line, Line)
    assert line.customer_id == 17850


@pytest.mark.parametrize("written", ["", " ", "nan", "NaN", "NULL", None, float("nan")])
def test_a_missing_customer_id_is_a_fact_of_the_trade(written: object) -> None:
    line = parse(with_field("CustomerID", written))
    assert isinstance(line, Line)
    assert line.customer_id is None
    assert "CustomerID" not in document(line)


@pytest.mark.parametrize(
    ("field", "value"), [("Quantity", "-6"), ("Quantity", "0"), ("UnitPrice", "0"), ("UnitPrice", "-11062.06")]
)
def test_odd_quantities_and_prices_are_kept(field: str, value: str) -> None:
    assert isinstance(parse(with_field(field, value)), Line)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("InvoiceNo", " ", "InvoiceNo_missing"),
        ("InvoiceNo", "x" * 1001, "InvoiceNo_too_long"),
        ("Quantity", "six", "Quantity_unreadable"),
        ("Quantity", "1.5", "Quantity_unreadable"),
        ("Quantity", "1_000", "Quantity_unreadable"),
        ("Quantity", "", "Quantity_missing"),
        ("Quantity", "3000000000", "Quantity_out_of_range"),
        ("Quantity", "1e400", "Quantity_unreadable"),
        ("UnitPrice", "nan", "UnitPrice_unreadable"),
        ("UnitPrice", "inf", "UnitPrice_unreadable"),
        ("UnitPrice", "2,55", "UnitPrice_unreadable"),
        ("UnitPrice", "1e10", "UnitPrice_out_of_range"),
        ("InvoiceDate", "31/02/2011", "InvoiceDate_unreadable"),
        ("InvoiceDate", "", "InvoiceDate_missing"),
        ("InvoiceDate", "yesterday", "InvoiceDate_unreadable"),
        ("InvoiceDate", "31-12-1899 00:00", "InvoiceDate_out_of_range"),
        ("InvoiceDate", "01-01-2999 00:00", "InvoiceDate_out_of_range"),
        ("CustomerID", "abc", "CustomerID_unreadable"),
        ("CustomerID", "-1", "CustomerID_out_of_range"),
        ("CustomerID", "--5", "CustomerID_unreadable"),
        ("CustomerID", "0", "CustomerID_out_of_range"),
        ("CustomerID", "9" * 19, "CustomerID_out_of_range"),
        ("CustomerID", "9" * 26, "CustomerID_unreadable"),
        ("CustomerID", "\uff11\uff12", "CustomerID_unreadable"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_field_and_reason(field: str, value: str, reason: str) -> None:
    refused = parse(with_field(field, value))
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.field) == (reason, field)
    assert len(refused.raw) <= 200


@pytest.mark.parametrize("row", [(), PUBLISHED[:7], (*PUBLISHED, "more")])
def test_a_row_with_other_columns_is_refused(row: tuple[str, ...]) -> None:
    refused = parse(row)
    assert isinstance(refused, Rejection)
    assert refused.reason == "columns"


def test_identical_lines_have_ids_of_their_own_and_the_same_ones_in_every_load() -> None:
    line, first, second = parsed(PUBLISHED), LineIds(), LineIds()
    ids = [first.next_id(line) for _ in range(3)]
    assert len(set(ids)) == 3
    assert ids == [second.next_id(line) for _ in range(3)]


def test_an_id_starts_with_the_seconds_of_its_instant() -> None:
    line = parsed(PUBLISHED)
    assert int.from_bytes(LineIds().next_id(line)[:4], "big") == line.line.invoiced_at.timestamp()


def test_text_moved_from_one_field_to_the_next_makes_another_id() -> None:
    left, right = (parsed((PUBLISHED[0], code, text, *PUBLISHED[3:])) for code, text in (("AB", "C"), ("A", "BC")))
    assert LineIds().next_id(left) != LineIds().next_id(right)


HALF_CHARACTERS = st.characters(categories=["Cs", "Ll"])
NEARLY_NUMBERS = st.text("-+.0123456789eE_/: ", max_size=20)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.text(HALF_CHARACTERS, max_size=9),
    NEARLY_NUMBERS, st.binary(max_size=9), st.dates(), st.datetimes(), st.lists(st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=2_000, deadline=None)
@given(row=st.lists(ANYTHING, min_size=7, max_size=9), order=st.sampled_from(["ymd", "dmy", "mdy"]))
def test_whatever_a_row_holds_it_is_a_line_or_a_rejection(row: list[object], order: str) -> None:
    found = LineParser(DateFormat(order), LATEST).parse(row)
    if isinstance(found, Parsed):
        assert len(LineIds().next_id(found)) == 12
        assert None not in document(found.line).values()


def test_a_list_is_no_value() -> None:
    refused = parse(with_field("Description", ["a"]))
    assert isinstance(refused, Rejection)
    assert refused.reason == "Description_unreadable"


def test_values_that_are_equal_and_not_the_same_are_read_apart() -> None:
    parser = LineParser(DateFormat("dmy"), LATEST)
    assert isinstance(parser.parse(with_field("Quantity", 1)), Parsed)
    assert isinstance(parser.parse(with_field("Quantity", value=True)), Rejection)


def test_a_full_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineParser, "CACHE_SIZE", 1)
    parser = LineParser(DateFormat("dmy"), LATEST)
    rows = [with_field("Quantity", str(number % 5)) for number in range(20)]
    assert [parser.parse(row) for row in rows] == [parsed(row) for row in rows]
