"""People by any id: numbers stay, text is hashed under a key, and nobody is nobody."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.errors import BadConfigurationError, BadDataError
from retention.lines import identity as module
from retention.lines.identity import Identity, hashed, normalised
from retention.lines.rejections import UnreadableError

KEY = b"a key of the installation, forty characters"
MAYA = "maya@fernhill.example"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (17850, 17850), ("17850", 17850), ("17850.0", 17850), (17850.0, 17850), (" 17850 ", 17850), ("00017", 17),
        ("9223372036854775807", 2**63 - 1), ("１２３", 123),  # noqa: RUF001 - full-width digits
    ],
)  # fmt: skip
def test_a_whole_number_above_zero_stays_what_it_is(value: object, number: int) -> None:
    assert Identity(None).number(value) == number


@pytest.mark.parametrize(
    "value", [None, "", "  ", 0, "0", "0.0", "000", "-", "***", "Guest", "GAST", "n/a", float("nan")]
)
@pytest.mark.parametrize("leading_zeros", [False, True])
def test_nobody_is_nobody(value: object, leading_zeros: bool) -> None:
    assert Identity(None, leading_zeros=leading_zeros).number(value) is None


def test_text_becomes_the_first_53_bits_of_its_hmac() -> None:
    bits = int.from_bytes(hmac.digest(KEY, MAYA.encode(), "sha256"), "big") >> (256 - 53)
    assert Identity(KEY).number(MAYA) == hashed(KEY, MAYA) == bits


@given(st.text(st.characters(codec="utf-8")))
def test_a_hash_is_a_number_that_every_program_can_hold(text: str) -> None:
    assert 0 < hashed(KEY, text) < 2**53


def test_a_hash_of_zero_is_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = iter([bytes(32), b"\xff" * 32])
    monkeypatch.setattr(f"{module.__name__}.hmac.digest", lambda *_: next(digests))
    assert hashed(KEY, MAYA) == 2**53 - 1


@pytest.mark.parametrize(
    "other",
    [
        " Maya@Fernhill.EXAMPLE ",
        "maya@fernhill.example\N{NO-BREAK SPACE}",
        "\N{FULLWIDTH LATIN CAPITAL LETTER M}aya@fernhill.example",
    ],
)
def test_an_e_mail_is_one_person_however_it_is_written(other: str) -> None:
    assert Identity(KEY).number(other) == Identity(KEY).number(MAYA)


@pytest.mark.parametrize(("one", "other"), [("Ab-1", "ab-1"), ("A 1", "A1"), ("K-17", "K-017")])
def test_other_text_ids_differ_by_case_and_by_every_character(one: str, other: str) -> None:
    assert Identity(KEY).number(one) != Identity(KEY).number(other)


def test_blanks_inside_an_id_are_one_blank() -> None:
    assert normalised("  K \t 17 ") == "K 17"


def test_a_leading_zero_is_part_of_the_id_where_ids_have_them() -> None:
    people = Identity(KEY, leading_zeros=True)
    assert people.number("17") == 17
    assert people.number("00017") == hashed(KEY, "00017")
    assert people.number(17) == 17
    assert people.drain() == {hashed(KEY, "00017"): "00017"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("5.99E+12", "shortened"), ("5,99e+12", "shortened"), ("6E+12", "shortened"), ("1.2346e4", "shortened"),
        ("-5", "out_of_range"), (-5, "out_of_range"), ("9223372036854775808", "out_of_range"),
        (2.0**53, "out_of_range"), ("17850.5", "unreadable"), ("1,234", "unreadable"), (17850.5, "unreadable"),
        (True, "unreadable"), (["a"], "unreadable"), ("a\0b", "unreadable"), ("\ud800", "unreadable"),
        ("x" * 321, "too_long"),
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused_with_the_reason(value: Any, reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        Identity(KEY).number(value)
    assert refused.value.reason == reason


def test_without_a_key_a_text_id_is_a_matter_of_configuration() -> None:
    with pytest.raises(BadConfigurationError, match="IDENTITY_KEY_FILE"):
        Identity(None).number(MAYA)


def test_new_references_are_given_once() -> None:
    people = Identity(KEY)
    for value in (MAYA, MAYA.upper(), 17850, "K-17"):
        people.number(value)
    assert people.drain() == {hashed(KEY, MAYA): MAYA, hashed(KEY, "K-17"): "K-17"}
    assert people.drain() == {}


def test_two_ids_with_one_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "hashed", lambda *_: 7)
    people = Identity(KEY)
    people.number("one")
    with pytest.raises(BadDataError, match="--drop"):
        people.number("other")


def test_another_key_gives_another_number() -> None:
    assert Identity(KEY).number(MAYA) != Identity(KEY[::-1]).number(MAYA)
