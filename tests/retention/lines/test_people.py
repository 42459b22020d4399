"""Shops that number their customers."""

from __future__ import annotations

import pytest

from retention.lines.people import WholeNumbers
from retention.lines.rejections import UnreadableError


@pytest.mark.parametrize("written", ["Guest", "GAST", "Invité", "invitado", "Ospite", "gość", "0", "-", "walk-in", ""])
def test_words_for_guests_are_nobody(written: str) -> None:
    assert WholeNumbers().number(written) is None


@pytest.mark.parametrize("written", ["CUST-17", "maya@fernhill.example", "Guest 7", "17 850"])
def test_other_text_is_no_number(written: str) -> None:
    with pytest.raises(UnreadableError, match="unreadable"):
        WholeNumbers().number(written)
