"""The order of day and month is found from all the dates, or asked for."""

from __future__ import annotations

import pytest

from retention.dates import DateFormat, find_date_format
from retention.errors import BadDataError


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["01-12-2010 08:26", "13-12-2010 08:26"], "dmy"),
        (["12/1/2010 8:26", "12/13/2010 8:26"], "mdy"),
        (["2010-12-01 08:26:00", "2010-12-13T08:26:00"], "ymd"),
        (["13.12.2010", "not a date"], "dmy"),
    ],
)
def test_the_order_is_the_one_in_which_most_texts_are_dates(texts: list[str], order: str) -> None:
    assert find_date_format(texts).order == order


def test_an_ambiguous_order_is_never_guessed() -> None:
    with pytest.raises(BadDataError, match="--dates dmy or --dates mdy"):
        find_date_format(["01-12-2010 08:26", "02-12-2010 08:26"])


def test_dates_that_read_the_same_both_ways_are_not_ambiguous() -> None:
    assert find_date_format(["01-01-2011", "02-02-2011"]).parse("02-02-2011") is not None


@pytest.mark.parametrize("text", ["31-02-2011", "1-1-11", "2010-12-01", "01-12-2010 25:00", "", "\uff11-1-2011"])
def test_what_is_no_date_in_the_order_is_none(text: str) -> None:
    assert DateFormat("dmy").parse(text) is None
