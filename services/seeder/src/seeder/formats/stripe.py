"""Stripe's payments: one row per charge, loaded as one line; times are UTC."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats import states
from seeder.formats.grouped import Numbers, whole_orders
from seeder.formats.header import Header, plain, present
from seeder.formats.order_lines import Buyer, person, text
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.formats.plan import Cells, Picked

_CORE: Final = ("id", "Amount", "Currency", "Status")
_CREATED: Final = ("Created (UTC)", "Created date (UTC)", "Created")
_REFUNDED: Final = "refunded"
_DO_NOT_STAND: Final = {
    "failed": "failed", "blocked": "failed", "canceled": "cancelled", "cancelled": "cancelled", "pending": "pending",
    "incomplete": "pending", "requirespaymentmethod": "pending", "requiresaction": "pending",
    "requiresconfirmation": "pending", "processing": "pending", "uncaptured": "uncaptured",
    "requirescapture": "uncaptured",
}  # fmt: skip
_FALSE: Final = frozenset({"false", "no", "0", "falsch", "faux", "falso", "onwaar", "fałsz"})  # as spreadsheets save it


class _At(NamedTuple):
    number: int
    amount: int
    currency: int
    status: int
    created: int
    refunded: int | None
    refunded_on: int | None
    converted: int | None
    converted_refunded: int | None
    converted_currency: int | None
    description: int | None
    mode: int | None
    captured: int | None
    email: int | None
    customer: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how Stripe's payments are read, in the older and the newer form; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE) or not header.has_one(*_CREATED) or not header.has_one("Captured", "Amount Refunded"):
        return None
    at = _At._make((
        *(header.need(name) for name in _CORE), header.need(*_CREATED), header.take("Amount Refunded"),
        header.take("Refunded date (UTC)"), header.take("Converted Amount"), header.take("Converted Amount Refunded"),
        header.take("Converted Currency"), header.take("Description"), header.take("Mode"), header.take("Captured"),
        header.take("Customer Email"), header.take("Customer ID"),
    ))  # fmt: skip
    return Plan(
        key="stripe",
        title="Stripe payments",
        positions=header.positions,
        invoice=at.number,
        dates=present(at.created, at.refunded_on),
        numbers=present(at.amount, at.refunded, at.converted, at.converted_refunded),
        person=at.customer if at.email is None else at.email,
        # Charges are converted to the account's currency, so that column names the shop's, whatever buyers paid in.
        currency=at.currency if at.converted_currency is None else at.converted_currency,
        zone="UTC",
        passed_over=header.passed_over,
        orders=partial(_orders, at),
    )


def _orders(at: _At, rows: Iterator[Picked], cells: Cells) -> Iterator[Order]:
    order = partial(_order, at, Numbers(cells.number), cells.currency)
    return whole_orders(rows, invoice=at.number, date=at.created, order=order)


def _order(at: _At, numbers: Numbers, shop_currency: str | None, rows: list[Picked]) -> Order:
    row = rows[-1]  # the last one, when files joined by hand hold the charge twice
    amount, refunded, currency = _money(at, numbers, row, shop_currency)
    customer = person(text(row, at.email), text(row, at.customer))
    buyer = Buyer(row[at.number], row[at.created], customer)
    lines = [buyer.line("", text(row, at.description), 1, amount)]
    lines = [(line[0], None, *line[2:]) for line in lines]  # a charge's description is no product's code
    word = plain(text(row, at.status))
    returned = amount if not refunded and word == _REFUNDED else refunded
    on = row[at.refunded_on] if at.refunded_on is not None and text(row, at.refunded_on) else None
    lines += buyer.refunds([(returned, on)], lines)
    return Order(row[at.number], lines, _state(at, row, word), currency, Stated(amount, refunded=refunded))


def _money(at: _At, numbers: Numbers, row: Picked, shop_currency: str | None) -> tuple[float, float | None, str | None]:
    """Return the amount, what was refunded of it, and their currency: the shop's where the file has it converted."""
    paid_in, converted_to = text(row, at.currency).upper(), text(row, at.converted_currency).upper()
    converted = numbers.of(row, at.converted)
    if (
        converted is not None
        and converted_to
        and converted_to != paid_in
        and converted_to == (shop_currency or converted_to)
    ):
        return converted, _converted_refund(at, numbers, row, converted), converted_to
    return numbers[row[at.amount]] or 0.0, numbers.of(row, at.refunded), paid_in or None


def _converted_refund(at: _At, numbers: Numbers, row: Picked, converted: float) -> float | None:
    """Return what was refunded, converted: at the rate of the charge where the file says it in the buyer's alone."""
    refunded, amount = numbers.of(row, at.refunded), numbers[row[at.amount]]
    said: float | None = numbers.of(row, at.converted_refunded)
    if said is None and refunded and amount:
        return float(round(converted * refunded / amount, 2))
    return said


def _state(at: _At, row: Picked, word: str) -> str | None:
    """Return why a charge does not stand: made in test mode, failed, not captured; None when it stands."""
    if text(row, at.mode).casefold() == "test":
        return "test"
    if word in _DO_NOT_STAND:
        return _DO_NOT_STAND[word]
    return "uncaptured" if text(row, at.captured).casefold() in _FALSE else states.state(word)
