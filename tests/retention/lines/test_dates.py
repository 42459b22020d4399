"""The order of day and month is detected from all dates, or asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from retention.errors import BadDataError
from retention.lines.dates import ISO, DateEvidence, DateFormat


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


def test_a_text_that_is_no_date_among_a_workbooks_dates_is_tolerated() -> None:
    evidence = DateEvidence()
    evidence.add([datetime(2010, 12, 1, 8, 26), "not a date"])  # noqa: DTZ001 - as workbooks have them
    assert evidence.format().parse("not a date") is None


def test_memory_does_not_grow_with_the_number_of_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DateEvidence, "MAX_TEXTS", 50)
    evidence = DateEvidence()
    for number in range(1_000):
        evidence.add([f"{number % 28 + 1:02}-12-2010 08:{number:04}", f"not a date {number}"])
        assert len(evidence._texts) <= 52
    assert evidence.format().order == "dmy"


@pytest.mark.parametrize("text", ["31-02-2011", "1-1-111", "2010-12-01", "01-12-2010 25:00", "", "\uff11-1-2011"])
def test_a_text_that_is_no_date_in_the_order_is_none(text: str) -> None:
    assert DateFormat("dmy").parse(text) is None


@pytest.mark.parametrize(
    ("order", "text", "instant"),
    [
        ("ymd", "2025-03-01 18:22:10 -0500", "2025-03-01 18:22:10-05:00"),
        ("ymd", "2025-03-01T18:22:10+05:30", "2025-03-01 18:22:10+05:30"),
        ("ymd", "2025-03-01 18:22:10 UTC", "2025-03-01 18:22:10+00:00"),
        ("ymd", "2025-03-01 18:22 GMT", "2025-03-01 18:22:00+00:00"),
        ("ymd", "2025-03-01T18:22:10.123456Z", "2025-03-01 18:22:10+00:00"),
        ("mdy", "3/1/2025 6:22:10 PM", "2025-03-01 18:22:10"),
        ("mdy", "3/2/2025 12:05:44 AM", "2025-03-02 00:05:44"),
        ("mdy", "3/2/2025, 12:05 p.m.", "2025-03-02 12:05:00"),
        ("dmy", "2/3/2025 6:22:10\u202fp.\u00a0m.", "2025-03-02 18:22:10"),
        ("mdy", "03/01/25", "2025-03-01 00:00:00"),
        ("dmy", "31.12.69", "1969-12-31 00:00:00"),
        ("dmy", "1. 3. 2025", "2025-03-01 00:00:00"),
        ("dmy", "01.03.2025 18.22.10", "2025-03-01 18:22:10"),
        ("dmy", "Sa., 01.03.2025 18:22 Uhr", "2025-03-01 18:22:00"),
        ("serial", "45717.76539", "2025-03-01 18:22:10"),
        ("serial", "45717,76539", "2025-03-01 18:22:10"),
        ("serial", "45717", "2025-03-01 00:00:00"),
        ("serial", "45717.0", "2025-03-01 00:00:00"),
        ("serial", "45717.999999", "2025-03-02 00:00:00"),
    ],
)
def test_a_date_is_read_in_its_order(order: str, text: str, instant: str) -> None:
    assert DateFormat(order).parse(text) == datetime.fromisoformat(instant)


@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Mar 1, 2025 6:22:10 PM", "2025-03-01 18:22:10"),
        ("March 1st, 2025 at 6:22 pm", "2025-03-01 18:22:00"),
        ("Saturday, March 1, 2025", "2025-03-01 00:00:00"),
        ("Sat, 01 Mar 2025 18:22:10 +0000", "2025-03-01 18:22:10+00:00"),
        ("Sat Mar 01 2025 18:22:10 GMT+0100 (Central European Standard Time)", "2025-03-01 18:22:10+01:00"),
        ("01-Mar-25", "2025-03-01 00:00:00"),
        ("01-MAR-2025 18:22:10", "2025-03-01 18:22:10"),
        ("2025-Mar-01", "2025-03-01 00:00:00"),
        ("1. März 2025", "2025-03-01 00:00:00"),
        ("1. Mrz. 2025 18:22", "2025-03-01 18:22:00"),
        ("1er août 2025", "2025-08-01 00:00:00"),
        ("mar. 4 mars 2025 à 18h22", "2025-03-04 18:22:00"),
        ("1 de marzo de 2025", "2025-03-01 00:00:00"),
        ("martes, 4 de marzo de 2025", "2025-03-04 00:00:00"),
        ("1 gennaio 2025", "2025-01-01 00:00:00"),
        ("1 mrt. 2025", "2025-03-01 00:00:00"),
        ("segunda-feira, 3 de março de 2025", "2025-03-03 00:00:00"),
        ("20250301", "2025-03-01 00:00:00"),
        ("20250301.0", "2025-03-01 00:00:00"),
        ("20250301182210", "2025-03-01 18:22:10"),
        ("20250301T182210Z", "2025-03-01 18:22:10+00:00"),
        ("20250301 18:22", "2025-03-01 18:22:00"),
    ],
)
def test_a_date_with_one_possible_order_is_read_in_every_one(order: str, text: str, instant: str) -> None:
    assert DateFormat(order).parse(text) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    "text",
    ["2025-03-01 18", "2025-03-01 13:00 PM", "Marchember 1, 2025", "March 2025", "Mar-25",
     "32 March 2025", "1740853330", "45717", "45717.76539", "2025-03-01 10:00 +2500", "1 March 2025 x", "x" * 10_000],
)  # fmt: skip
def test_a_text_that_is_no_date_in_any_order_is_none(text: str) -> None:
    assert [DateFormat(order).parse(text) for order in ("ymd", "dmy", "mdy")] == [None] * 3


def test_a_single_date_with_a_short_year_is_not_taken_for_year_first() -> None:
    assert ISO.parse("03/01/25") is None
    assert find_date_format(["2025-03-01", "2025-03-13"]).parse("03/01/25") is None


CASE = ["01/03/25", "02/03/25", "15/03/25", "20/04/25", "13/05/25", "30/06/25"]


def turned(text: str) -> str:
    return "/".join(reversed(text.split("/")))


def test_years_of_two_digits_are_found_by_their_number() -> None:
    assert find_date_format(CASE) == DateFormat("dmy")
    assert find_date_format([turned(text) for text in CASE]) == DateFormat("ymd")
    assert find_date_format([*CASE, "31/02/25"]) == DateFormat("dmy")


def test_a_few_years_of_two_digits_are_ambiguous() -> None:
    with pytest.raises(BadDataError, match=r"13 May 2025 or 25 May 2013|25 May 2013 or 13 May 2025"):
        find_date_format(["13/05/25", "14/05/25"])
    with pytest.raises(BadDataError, match=r"25 May 2028 or 28 May 2025"):
        find_date_format(["28/05/25", "29/05/25", "30/05/25", "31/02/25"])
    with pytest.raises(BadDataError, match=r"--dates ymd or --dates dmy or --dates mdy"):
        find_date_format(["03/01/05"])


def test_an_ambiguous_order_is_refused_with_both_readings() -> None:
    with pytest.raises(BadDataError, match=r"day first or month first \(1 December 2010 or 12 January 2010\)"):
        find_date_format(["01-12-2010 08:26"])


def test_a_column_of_serials_is_one() -> None:
    assert find_date_format(["45717.76539", "45718.00398", "45731"]).order == "serial"
    evidence = DateEvidence()
    evidence.add([45717.76539, 45731, None])
    assert evidence.format().order == "serial"


@pytest.mark.parametrize("choice", [None, "dmy"])
def test_serials_among_text_are_refused_with_the_reason(choice: str | None) -> None:
    evidence = DateEvidence()
    evidence.add(["45717.76539", "45718.00398", "15/03/2025 11:40", "20/04/2025 09:00", "13/05/2025 14:00"])
    with pytest.raises(BadDataError, match=r"'45717.76539' .* '13/05/2025' .* days 1 to 12 .* swapped day and month"):
        evidence.format(choice)


def test_a_stray_serial_among_many_dates_is_tolerated() -> None:
    texts = [f"{day}/{month}/2025" for day in range(13, 29) for month in range(1, 13)]
    assert find_date_format([*texts, "45717"]).order == "dmy"


def test_the_order_of_names_is_said() -> None:
    assert find_date_format(["Mar 1, 2025", "Mar 2, 2025"]).order == "mdy"
    assert find_date_format(["1 March 2025"]).order == "dmy"
    assert find_date_format(["20250301", "20250302"]).order == "ymd"


def test_iso_dates_among_others_are_another_format() -> None:
    with pytest.raises(BadDataError, match="cannot both be read"):
        find_date_format(["2025-03-13", "2025-03-14", "15/03/2025", "16/03/2025"])


def test_a_choice_settles_an_ambiguous_order() -> None:
    evidence = DateEvidence()
    evidence.add(["01-12-2010"])
    assert evidence.format("mdy").order == "mdy"


def test_offsets_are_kept_with_their_days_when_texts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DateEvidence, "MAX_TEXTS", 50)
    evidence = DateEvidence()
    for number in range(1_000):
        evidence.add([f"2025-01-{number % 28 + 1:02} 08:{number % 60:02}:{number % 60:02} -0500"])
    evidence.add(["2025-07-01 08:00 -0400", "2025-07-01 08:00", datetime(2025, 7, 2, tzinfo=UTC)])
    offsets = evidence.offsets(evidence.format())
    assert [*map(str, offsets)] == ["-1 day, 19:00:00", "-1 day, 20:00:00", "0:00:00"]
    assert [len(days) for days in offsets.values()] == [28, 1, 1]
    assert offsets[timedelta(hours=-4)] == [date(2025, 7, 1)]
