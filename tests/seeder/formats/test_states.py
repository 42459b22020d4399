"""The words for the state of an order."""

from __future__ import annotations

import pytest

from seeder.formats.states import is_known, is_refunded, is_set, state, words

STANDING = (
    "paid Partially_Refunded refunded partially_paid Completed wc-processing Processing complete closed Succeeded "
    "delivered shipped invoiced approved Bezahlt Abgeschlossen Payée Terminée Pagado Completato Concluído Voltooid "
    "Zrealizowane Tamamlandı"
)
FALLEN = {
    "cancelled": "Cancelled canceled wc-cancelled trash Storniert Annulée Cancelado Annullato Geannuleerd Anulowane",
    "voided": "voided",
    "failed": "failed wc-failed Declined Fehlgeschlagen",
    "pending": "pending Pending-Payment wc-pending created Ausstehend Pendiente Oczekujące Beklemede",
    "on-hold": "on-hold On_Hold wc-on-hold holded",
    "authorized": "authorized",
    "test": "Test",
    "draft": "checkout-draft wc-checkout-draft Entwurf",
    "unpaid": "expired unpaid Unbezahlt",
    "unavailable": "unavailable",
}


@pytest.mark.parametrize("word", STANDING.split())
def test_an_order_that_is_paid_or_on_its_way_stands(word: str) -> None:
    assert state(word) is None
    assert is_known(word)


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, text in FALLEN.items() for word in text.split()])
def test_an_order_that_is_not_paid_or_was_called_off_does_not_stand(name: str, word: str) -> None:
    assert state(word) == name


def test_an_unknown_word_stands_and_can_be_named() -> None:
    assert state("Ready for pick-up") is None
    assert not is_known("Ready for pick-up")


@pytest.mark.parametrize("cell", ["", "  ", None])
def test_a_blank_state_stands_and_is_no_unknown_word(cell: str | None) -> None:
    assert state(cell) is None
    assert is_known(cell)


def test_a_mapping_may_say_that_all_other_words_do_not_stand() -> None:
    known = {**words("purchase", {}), "*": "no_order"}
    assert [state(word, known) for word in ("purchase", "view", "")] == [None, "no_order", None]


def test_refunded_in_full_is_told_from_partially_refunded() -> None:
    assert is_refunded("Refunded")
    assert not is_refunded("partially_refunded")


@pytest.mark.parametrize(
    ("cell", "cancelled"), [("2025-03-02 08:00", True), ("true", True), ("", False), ("No", False)]
)
def test_a_date_of_cancellation_cancels_and_a_no_does_not(cell: str, *, cancelled: bool) -> None:
    assert is_set(cell) is cancelled
