"""The order of day and month is detected from all dates, or asked for."""

from __future__ import annotations

import pytest

from retention.errors import BadDataError
from retention.lines.dates import DateEvidence, DateFormat


def find_date_format(texts: list[str]) -> DateFormat:
    evidence = DateEvidence()
    for text in texts:
        evidence.add([text])
    return evidence.format()


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["01-12-2010 08:26", "13-12-2010 08:26"], "dmy"),
        (["12/1/2010 8:26", "12/13/2010 8:26"], "mdy"),
        (["2010-12-01 08:26:00", "2010-12-13T08:26:00"], "ymd"),
        (["13.12.2010", "not a date"], "dmy"),
    ],
)
def test_the_order_is_the_one_that_reads_most_texts(texts: list[str], order: str) -> None:
    assert find_date_format(texts).order == order


def test_an_ambiguous_order_is_never_guessed() -> None:
    with pytest.raises(BadDataError, match="--dates dmy or --dates mdy"):
        find_date_format(["01-12-2010 08:26", "02-12-2010 08:26"])


def test_dates_that_read_the_same_both_ways_are_not_ambiguous() -> None:
    assert find_date_format(["01-01-2011", "02-02-2011"]).parse("02-02-2011") is not None


def test_a_mix_of_two_orders_is_refused_and_not_decided_by_majority() -> None:
    day_first = [f"{day}-12-2010" for day in range(13, 30)]
    with pytest.raises(BadDataError, match="'13-12-2010' and '12-30-2010' cannot both be read"):
        find_date_format([*day_first, "12-30-2010"])


def test_one_typo_in_many_dates_is_tolerated() -> None:
    day_first = [f"{day}-{month}-2010" for day in range(13, 30) for month in range(1, 13)]
    assert find_date_format([*day_first, "12-30-2010"]).order == "dmy"


def test_memory_does_not_grow_with_the_number_of_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DateEvidence, "MAX_TEXTS", 50)
    evidence = DateEvidence()
    for number in range(1_000):
        evidence.add([f"{number % 28 + 1:02}-12-2010 08:{number:04}", f"not a date {number}"])
        assert len(evidence._texts) <= 52
    assert evidence.format().order == "dmy"


@pytest.mark.parametrize("text", ["31-02-2011", "1-1-11", "2010-12-01", "01-12-2010 25:00", "", "\uff11-1-2011"])
def test_a_text_that_is_no_date_in_the_order_is_none(text: str) -> None:
    assert DateFormat("dmy").parse(text) is None
