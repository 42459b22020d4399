"""How numbers are written is found from their columns, and never guessed."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from retention.errors import BadDataError
from retention.lines.numbers import PLAIN, NumberEvidence, NumberFormat, decide

POINT, COMMA = NumberFormat("."), NumberFormat(",")


def evidence(*texts: object) -> NumberEvidence:
    found = NumberEvidence()
    found.add(texts)
    return found


def find(*texts: object, choice: str | None = None) -> NumberFormat:
    return decide({"UnitPrice": evidence(*texts)}, choice)["UnitPrice"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("14.00", 14.0), ("$14.00", 14.0), ("$1,240.50", 1240.5), ("1,240", 1240.0), ("-$12.50", -12.5),
        ("$-12.50", -12.5), ("(12.50)", -12.5), ("($12.50)", -12.5), ("$(12.50)", -12.5), ("12.50-", -12.5),
        ("−12.50", -12.5), ("12.50 GBP", 12.5), ("USD 12.50", 12.5), ("R$ 12.50", 12.5), ("12.50 zł", 12.5),
        ("kr 12.50", 12.5), ("12.50\u00a0kr.", 12.5), ("1\u00a0240.50", 1240.5), ("1\u202f240.50", 1240.5),
        ("1'240.50", 1240.5), ("1’240’500", 1240500.0), ("CHF 1'240.50", 1240.5), ("1,24,000.50", 124000.5),
        ("1.5E3", 1500.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("+5", 5.0), (" 5 ", 5.0), ("14.–", 14.0),
        ('="14.00"', 14.0), ("'14.00", 14.0), ("\ufeff14\u200b", 14.0), ("1.240", 1.24), ("0.255", 0.255),
        (14, 14.0), (14.5, 14.5), (Decimal("14.50"), 14.5), ("", None), (" \u00a0", None), (None, None),
    ],
)  # fmt: skip
def test_numbers_with_a_decimal_point(text: object, number: float | None) -> None:
    assert POINT.parse(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("14,00", 14.0), ("1.240,50", 1240.5), ("1 240,50 €", 1240.5), ("€ -3,25", -3.25), ("1.240", 1240.0),
     ("1.240.500", 1240500.0), ("14", 14.0), ("1'240,50", 1240.5), ("14,-", 14.0), ("12,50- €", -12.5),
     ("12,50 €-", -12.5), ("0,255", 0.255), ("1,5E3", 1500.0), (14.5, 14.5)],
)  # fmt: skip
def test_numbers_with_a_decimal_comma(text: object, number: float) -> None:
    assert COMMA.parse(text) == number


@pytest.mark.parametrize(
    "value",
    ["1,24", "1,2400", "12,3456", "0,255", "1_000", "１２", "nan", "inf", "-Infinity", "1e400", "0x10", "six", "-",  # noqa: RUF001
     "$", "--5", "-5-", "(-5)", "(5", "5)", "$5 €", "1.2.3", "1,240,5", "1 2", "1,240 500", "10 %", "TRUE", True,
     float("nan"), float("inf"), 10**400, [], b"5", "5" * 100_000, " " * 50 + "5 x", "E5", "1 240'500"],
)  # fmt: skip
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"no number|could not convert"):
        POINT.parse(value)


def test_malformed_groups_are_refused_with_a_decimal_comma_too() -> None:
    for text in ("14.00", "1.24", "0.255", "1,240.50", "1.2400,5"):
        with pytest.raises(ValueError, match="no number"):
            COMMA.parse(text)


def test_without_a_column_a_lone_group_of_three_is_no_number() -> None:
    assert PLAIN.parse("$1,240.50") == 1240.5
    with pytest.raises(ValueError, match="no number"):
        PLAIN.parse("1,240")


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["14.00", "1,240.50"], "."), (["14.00", "1,240"], "."), (["3,25", "14"], ","), (["1.240,50"], ","),
        (["14", "6", "1000"], "."), (["0.255", "12.500"], "."), (["12.500", "1234.500"], "."), (["1,240,500"], "."),
        (["0,255", "12,500"], ","), (["1.240.500"], ","), ([], "."), ([14.5, None], "."), (["1 240,5"], ","),
        (["1 240"], "."), (["€ 14,00"], ","),
    ],
)  # fmt: skip
def test_a_whole_column_decides(texts: list[object], decimal: str) -> None:
    assert find(*texts).decimal == decimal


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        (["1,240"], r"'1,240' may be 1.24 or 1240|'1,240' may be 1240 or 1.24"),
        (["14", "12,500"], r"12500 or 12.5"),
        (["1.240", "12.500"], r"'1.240' may be 1.24 or 1240"),
        (["1.240", "1,240"], "may be"),
        (["$1,240"], r"'\$1,240' may be 1240 or 1.24"),
    ],
)
def test_an_ambiguous_column_is_refused_with_both_readings(texts: list[str], readings: str) -> None:
    with pytest.raises(BadDataError, match=readings) as refused:
        find(*texts)
    assert "--decimal ." in str(refused.value)
    assert "--decimal ," in str(refused.value)
    assert find(*texts, choice=",").decimal == ","
    assert find(*texts, choice=".").decimal == "."


def test_an_ambiguous_column_takes_the_convention_of_the_others() -> None:
    columns = {"Quantity": evidence("0.255", "2"), "UnitPrice": evidence("1,240"), "Total": evidence("1,240.50")}
    assert {found.decimal for found in decide(columns).values()} == {"."}


def test_columns_that_disagree_decide_nothing_for_another() -> None:
    columns = {"Quantity": evidence("0.255"), "Total": evidence("3,25")}
    assert [found.decimal for found in decide(columns).values()] == [".", ","]
    with pytest.raises(BadDataError, match="UnitPrice: '1,240' may be"):
        decide(columns | {"UnitPrice": evidence("1,240")})


def test_a_choice_does_not_change_a_column_that_is_clear() -> None:
    assert find("14.00", choice=",").decimal == "."


def test_two_conventions_in_one_column_are_refused() -> None:
    with pytest.raises(BadDataError, match=r"'3,25' and '3.25'|'3.25' and '3,25'"):
        find("3,25", "3.25")
    assert find("3,25", "3.25", choice=",").decimal == ","


def test_one_typo_in_twenty_numbers_is_tolerated() -> None:
    assert find(*[f"{number}.25" for number in range(20)], "3,25").decimal == "."


def test_the_sign_is_named_and_another_one_refused() -> None:
    found = find("$14.00", "$1,240.50", "3.25")
    assert found.description == "$ before the number, decimal point"
    assert find("14,00 €").description == "€ after the number, decimal comma"
    assert find("eur 14.00", "EUR 15.00").sign == "EUR"
    with pytest.raises(ValueError, match="currency"):
        found.parse("€3.25")


def test_two_currencies_in_one_column_are_refused() -> None:
    columns = {"UnitPrice": evidence("$14.00", "€12.00")}
    assert columns["UnitPrice"].signs == {"$": 1, "€": 1}
    with pytest.raises(BadDataError, match=r"'\$14.00' and '€12.00' are amounts in two currencies"):
        decide(columns)
    assert decide(columns, one_currency=False)["UnitPrice"].parse("€12.00") == 12.0


def test_memory_does_not_grow_with_the_number_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumberEvidence, "MAX_TEXTS", 50)
    assert find("1e9999", "9" * 59, "14.00").decimal == "."
    found, numbers = NumberEvidence(), random.Random(1)  # noqa: S311 - an example
    for _ in range(1_000):
        found.add([f"{numbers.random():.2f}", "1,240", "six"])
        assert len(found._texts) <= 52
    assert decide({"UnitPrice": found})["UnitPrice"].decimal == "."


def test_a_file_of_several_currencies_may_write_its_amounts_in_both_ways_where_each_is_clear() -> None:
    paid, refunded = NumberEvidence(), NumberEvidence()
    paid.add(["46.00", "1240,50"])
    refunded.add(["0,00"])
    formats = decide({"Amount": paid, "Refunded": refunded}, one_currency=False)
    assert [formats["Amount"].parse(text) for text in ("46.00", "1240,50", "1.240,50")] == [46, 1240.5, 1240.5]
    assert formats["Refunded"].parse("0,00") == 0


def test_amounts_in_both_ways_are_refused_where_one_of_them_is_not_clear() -> None:
    paid = NumberEvidence()
    paid.add(["46.00", "1240,50", "1,240"])
    with pytest.raises(BadDataError, match="cannot both be read"):
        decide({"Amount": paid}, one_currency=False)
