"""Documents: a line's id depends on its content alone, not on its notation or place."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.lines import documents
from retention.lines.dates import DateFormat
from retention.lines.documents import LineEncoder, line_id
from retention.lines.occurrences import Occurrences
from retention.lines.rules import Reading, Rejection, rejection
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLISHED = ("536365", "85123A", "WHITE T-LIGHT HOLDER", "6", "01-12-2010 08:26", "2.55", "17850", "United Kingdom")
TYPED = (536365, "85123A", "WHITE T-LIGHT HOLDER", 6, datetime(2010, 12, 1, 8, 26), 2.55, 17850.0, "United Kingdom")  # noqa: DTZ001
LATEST = datetime(2012, 1, 1, tzinfo=UTC)


def encode(rows: Sequence[Sequence[Any]], order: str = "dmy") -> list[bytes | Rejection]:
    return list(LineEncoder(Reading(DateFormat(order), LATEST)).encode(rows))


def ids(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    return [line_id(document) for document in encode(rows) if isinstance(document, bytes)]


def with_field(field: str, value: object) -> tuple[Any, ...]:
    position = schema.LINE_FIELDS.index(field)
    return (*PUBLISHED[:position], value, *PUBLISHED[position + 1 :])


def test_a_document_holds_the_typed_values_under_the_published_names() -> None:
    (document,) = encode([PUBLISHED])
    assert isinstance(document, bytes)
    stored: dict[str, Any] = bson.decode(document, codec_options=bson.CodecOptions(tz_aware=True, tzinfo=UTC))
    assert stored.pop("_id").binary == line_id(document)
    values = ("536365", "85123A", "WHITE T-LIGHT HOLDER", 6, datetime(2010, 12, 1, 8, 26, tzinfo=UTC), 2.55, 17850)
    assert stored == dict(zip(schema.LINE_FIELDS, (*values, "United Kingdom"), strict=True))
    assert [type(value) for value in stored.values()] == [str, str, str, int, datetime, float, int, str]


def test_missing_values_are_left_out() -> None:
    (document,) = encode([(*PUBLISHED[:1], "", None, *PUBLISHED[3:6], "nan", " ")])
    assert isinstance(document, bytes)
    assert list(bson.decode(document)) == ["_id", "InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice"]


def test_text_and_typed_values_make_the_same_document() -> None:
    assert encode([PUBLISHED]) == encode([TYPED])


def test_the_id_is_pinned() -> None:
    """A change here would load every stored line a second time: it needs a new ID_SCHEME."""
    assert schema.ID_SCHEME == "seconds+blake2b64/2"
    assert [one.hex() for one in ids([PUBLISHED, PUBLISHED])] == [
        "4cf60698625e4d9643591abb",
        "4cf6069803a93ccfea83d5e8",
    ]


def test_identical_lines_have_different_ids_that_are_the_same_in_every_load() -> None:
    three = ids([PUBLISHED] * 3)
    assert len(set(three)) == 3
    assert three == ids([PUBLISHED] * 3)


def test_an_id_starts_with_the_seconds_of_its_instant() -> None:
    seconds = datetime(2010, 12, 1, 8, 26, tzinfo=UTC).timestamp()
    assert int.from_bytes(ids([PUBLISHED])[0][:4], "big") == seconds


def test_text_moved_from_one_field_to_the_next_makes_another_id() -> None:
    rows = [(PUBLISHED[0], code, text, *PUBLISHED[3:]) for code, text in (("AB", "C"), ("A", "BC"), ("ABC", ""))]
    assert len(set(ids(rows))) == 3


def test_identical_lines_are_counted_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Occurrences, "MAX_LINES", 7)  # nearly everything goes through the temporary file
    rows = [with_field("InvoiceNo", str(number % 40)) for number in range(400)]
    in_order = ids(sorted(rows))
    random.Random(1).shuffle(rows)  # noqa: S311 - an order
    assert Counter(ids(rows)) == Counter(in_order)
    assert len(set(in_order)) == 400


HALF_CHARACTERS = st.characters(categories=["Cs", "Ll"])
NEARLY_NUMBERS = st.text("-+.0123456789eE_/: ", max_size=20)
ANYTHING = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=20), st.text(HALF_CHARACTERS, max_size=9), NEARLY_NUMBERS,
    st.binary(max_size=9), st.dates(), st.datetimes(), st.decimals(), st.lists(st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=2_000, deadline=None)
@given(row=st.lists(ANYTHING, min_size=7, max_size=9), order=st.sampled_from(["ymd", "dmy", "mdy"]))
def test_any_row_becomes_a_document_or_a_rejection(row: list[object], order: str) -> None:
    (found,) = encode([row], order)
    if isinstance(found, bytes):
        assert None not in bson.decode(found).values()


@pytest.mark.parametrize("row", [(), PUBLISHED[:7], (*PUBLISHED, "more")])
def test_a_row_with_other_columns_is_refused(row: tuple[str, ...]) -> None:
    assert encode([row]) == [rejection("columns", "row", row)]


def test_a_rejection_is_passed_on_and_the_next_row_is_read() -> None:
    unread = rejection("row_unreadable", "row", ['"'])
    refused, document = encode([unread, PUBLISHED])
    assert refused == unread
    assert [document] == encode([PUBLISHED])


def test_a_rejection_names_the_field_and_holds_the_whole_row() -> None:
    assert encode([with_field("Quantity", "six")]) == [
        Rejection("Quantity_unreadable", "Quantity", list(with_field("Quantity", "six")))
    ]


def test_a_full_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [with_field("Quantity", str(number % 5)) for number in range(20)]
    expected = encode(rows)
    monkeypatch.setattr(documents, "CACHE_SIZE", 1)
    assert encode(rows) == expected
