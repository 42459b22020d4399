"""The quarantined rows: listed for a person, and written as CSV to correct and load."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from retention.errors import NoInputError
from retention.lines.rules import RULES
from retention.store.quarantine import QuarantineCount
from seeder.quarantine_report import listing, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = ["5", "B", "=1+1 \x1b[31m\n", "one", "2010-12-13", "2.55", "", "France"]
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "sha256:aa11": [
        {
            "_id": {"load": "sha256:aa11", "row": 7},
            "reason": "Quantity_unreadable",
            "field": "Quantity",
            "values": VALUES,
        },
        {"_id": {"load": "sha256:aa11", "row": 1234}, "reason": "columns", "field": "row", "values": ["a", "b,\tc"]},
    ],
    "sha256:aa22": [
        {"_id": {"load": "sha256:aa22", "row": 1}, "reason": "row_unreadable", "field": "row", "values": ['5,"']},
    ],
}
ALL_COUNTS = [
    QuarantineCount("sha256:aa11", "one.csv\x1b[2J", "Quantity_unreadable", 1),
    QuarantineCount("sha256:aa11", "one.csv\x1b[2J", "columns", 1),
    QuarantineCount("sha256:aa22", "two.csv", "row_unreadable", 1),
]


class FakeQuarantine:
    """A quarantine in memory."""

    def __init__(self, counts: list[QuarantineCount]) -> None:
        self._counts = counts

    def quarantine_counts(self) -> list[QuarantineCount]:
        return self._counts

    def quarantined_rows(self, load_id: str) -> Iterator[dict[str, Any]]:
        return iter(DOCUMENTS[load_id])


QUARANTINE = FakeQuarantine(ALL_COUNTS)


def written(load: str | None = None, limit: int | None = None) -> list[list[str]]:
    to = io.StringIO(newline="")
    write_csv(QUARANTINE, load, to, limit)
    return list(csv.reader(io.StringIO(to.getvalue(), newline=""), strict=True))


def test_every_load_is_listed_with_its_reasons() -> None:
    assert list(listing(QUARANTINE, None)) == [
        "sha256:aa11  one.csv\\x1b[2J",
        "  Quantity_unreadable             1",
        "  columns                         1",
        "sha256:aa22  two.csv",
        "  row_unreadable                  1",
    ]


def test_an_empty_quarantine_says_so() -> None:
    assert list(listing(FakeQuarantine([]), None)) == ["no rows are quarantined"]


def test_the_rows_of_one_load_are_listed_with_reason_and_value() -> None:
    assert list(listing(QUARANTINE, "aa11")) == [
        "row         7  Quantity_unreadable      one",
        "row     1,234  columns                  a,b,\\tc",
    ]


@pytest.mark.parametrize("start", ["sha256:aa2", "aa2", "sha256:aa22", "aa22"])
def test_a_load_is_named_by_the_start_of_its_id(start: str) -> None:
    assert len(list(listing(QUARANTINE, start))) == 1


@pytest.mark.parametrize(("start", "words"), [("aa", "2 loads"), ("bb", "no load"), ("\x1b", "x1b: no load")])
def test_an_id_that_matches_no_load_or_several_is_refused(start: str, words: str) -> None:
    with pytest.raises(NoInputError, match=words):
        list(listing(QUARANTINE, start))


def test_the_csv_file_has_the_values_exactly_as_they_came() -> None:
    header, whole, other_width, _ = written()
    assert header == ["load", "row", "reason", "field", "raw", *(rule.name for rule in RULES)]
    assert whole == ["sha256:aa11", "7", "Quantity_unreadable", "Quantity", "", *VALUES]
    assert other_width == ["sha256:aa11", "1234", "columns", "row", "a,b,\tc", *[""] * 8]


def test_the_csv_file_can_be_limited_to_one_load_or_some_rows() -> None:
    assert [row[1] for row in written("aa22")] == ["row", "1"]
    assert [row[1] for row in written(limit=1)] == ["row", "7"]
    assert written(limit=0) == written()[:1]
