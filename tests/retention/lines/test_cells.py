"""A cell means the same with and without what spreadsheets put around it."""

from __future__ import annotations

import pytest

from retention.lines.cells import clean, is_shortened, masked, without_emails


@pytest.mark.parametrize(
    ("written", "text"),
    [('="00017"', "00017"), ('=""00017""', "00017"), ("'17", "17"), ("'04101", "04101"), ("'-5", "-5"), ("'17'", "17"),
     ("\u00a017\u202f", "17"), ("\u200917\u200b", "17"), ("\ufeff17", "17"), (" \u200b \u00a0", ""), ("", ""),
     ('="\u00a0x "', "x"), ("'Tis", "'Tis"), ("=1+1", "=1+1"), ("'", "'"), ("TWO\u00a0WORDS", "TWO\u00a0WORDS"),
     ("5'11", "5'11")],
)  # fmt: skip
def test_only_what_stands_around_a_text_is_taken_away(written: str, text: str) -> None:
    assert clean(written) == text


@pytest.mark.parametrize(("text", "shortened"), [("5.99E+12", True), ("5,99e+12", True), ("6E+12", True),
                                                 ("5E12", False), ("599", False), ("CE+12", False)])  # fmt: skip
def test_a_number_that_excel_shortened_is_known_by_its_notation(text: str, shortened: bool) -> None:
    assert is_shortened(text) is shortened


@pytest.mark.parametrize(
    ("text", "kept"),
    [("write to Maya.Orr+x@shop.fernhill.example!", "write to [e-mail]!"), ("3@2.50", "3@2.50"), ("@home", "@home"),
     ("<a@b.co>,c@d.org", "<[e-mail]>,[e-mail]"), ("jörg@müller.de", "[e-mail]")],
)  # fmt: skip
def test_e_mail_addresses_are_masked(text: str, kept: str) -> None:
    assert without_emails(text) == kept


def test_a_mask_keeps_the_shape() -> None:
    assert masked("CUST-0017 Zoë a@b.co") == "xxxx-9999 xxx [e-mail]"


def test_a_long_text_of_at_signs_takes_no_time() -> None:
    assert without_emails("a@" * 100_000)
