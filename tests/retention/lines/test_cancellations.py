"""A letter marks cancellations when the whole file says so, and not before."""

from __future__ import annotations

import tracemalloc

import pytest

from retention.lines.cancellations import CancellationEvidence, Found, is_cancelled


def find(*lines: tuple[object, bool, object]) -> Found:
    evidence = CancellationEvidence()
    for invoice, negative, customer in lines:
        evidence.add(invoice, negative, customer)
    return evidence.found()


SOLD = [(str(number), False, 17) for number in range(3100, 3200)]


def test_a_letter_of_negative_lines_among_positive_ones_marks_cancellations() -> None:
    returned = [(f"C{number}", True, 17) for number in range(5000, 5020)]
    found = find(*SOLD, *returned)
    assert found == Found("C", 20, 20, 0, 100, 0)


def test_one_positive_line_in_twenty_changes_nothing() -> None:
    assert find(*SOLD, *[(f"c{number}", number > 5000, 17) for number in range(5000, 5020)]).prefix == "C"


def test_the_number_of_another_order_of_the_customer_with_a_letter_is_its_cancellation() -> None:
    assert find(("3102", False, 17), ("3103", False, "17"), ("c3102", False, "17.0")).prefix == "C"
    assert find(("c3102", False, "17"), ("3102", False, 17.0)).prefix == "C"


def test_the_same_number_of_another_customer_says_nothing() -> None:
    assert find(("3102", False, 17), ("3103", False, 17), ("c3102", False, 18)).prefix is None
    assert find(("3102", False, None), ("c3102", False, None)).prefix is None


@pytest.mark.parametrize("invoice", ["C{}", "W{}"])
def test_a_shop_whose_every_order_has_a_letter_has_orders(invoice: str) -> None:
    assert find(*[(invoice.format(number), number == 3101, 17) for number in range(3100, 3200)]).prefix == ""


@pytest.mark.parametrize("invoice", ["CA-2016-{}", "CN-{}", "c3101e4f-{}-4a1b-9c1d-2f3a4b5c6d7e", "#{}", "INV{}"])
def test_other_numbers_carry_no_letter(invoice: str) -> None:
    found = find(*[(invoice.format(number), number % 2 == 0, 17) for number in range(3100, 3200)])
    assert (found.prefix, found.lines) == (None, 0)


def test_letters_of_some_positive_lines_are_no_evidence() -> None:
    assert find(*SOLD, *[(f"C{number}", number % 2 == 0, 17) for number in range(5000, 5020)]).prefix is None


def test_no_letters_are_no_evidence() -> None:
    assert find(*SOLD).prefix is None
    assert find().prefix is None


def test_other_lines_that_are_negative_too_are_no_evidence() -> None:
    evidence = CancellationEvidence()
    evidence.add_others(90, 10)
    evidence.add("C1", quantity_is_negative=True, customer=None, lines=20)
    assert evidence.found() == Found(None, 20, 20, 0, 90, 10)


def test_memory_is_bounded() -> None:
    tracemalloc.start()
    evidence = CancellationEvidence()
    for number in range(12_000):
        evidence.add(f"W{number}", quantity_is_negative=False, customer=number)
        evidence.add(str(number), quantity_is_negative=False, customer=number)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("invoice", "prefix", "cancelled"),
    [("C536379", "C", True), ("c536379", "C", True), ("C536379", "c", True), ("536379", "C", False),
     ("CA-2016-000101", "C", False), ("C536379", "", False), ("C536379", None, False), ("CN17", "CN", True),
     ("CN17", "C", False), ("C", "C", False), ("c3101e4f-e29b-41d4-a716-446655440000", "C", False)],
)  # fmt: skip
def test_a_cancelled_invoice_has_the_prefix_directly_before_its_digits(
    invoice: str, prefix: str | None, cancelled: bool
) -> None:
    assert is_cancelled(invoice, prefix) is cancelled
