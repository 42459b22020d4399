"""WooCommerce by the plugin Advanced Order Export: a row per item, in the shop's language, in any order of columns.

The order's own columns, its number among them, are on every row or on its first row alone, by an option.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, present
from seeder.formats.order_lines import Buyer, first_cell, first_text, person, sold, text
from seeder.formats.plan import Order, Plan, Stated
from seeder.formats.woo_states import REFUNDED, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Line, Picked

# The plugin's labels, and what shops in other languages call these columns.
_NUMBER: Final = (
    "Order Number", "Bestellnummer", "Número de pedido", "Numéro de commande", "Numero ordine", "Numero d'ordine",
    "Bestelnummer", "Numer zamówienia", "Número do pedido", "Número da encomenda",
)  # fmt: skip
_DATE: Final = (
    "Order Date", "Bestelldatum", "Fecha del pedido", "Fecha de pedido", "Date de commande", "Date de la commande",
    "Data ordine", "Data dell'ordine", "Besteldatum", "Data zamówienia", "Data do pedido", "Data da encomenda",
)  # fmt: skip
_STATUS: Final = (
    "Order Status", "Bestellstatus", "Estado del pedido", "Statut de la commande", "État de la commande",
    "Stato ordine", "Stato dell'ordine", "Bestelstatus", "Status zamówienia", "Status do pedido", "Estado da encomenda",
)  # fmt: skip
_QUANTITY: Final = (
    "Quantity", "Menge", "Anzahl", "Cantidad", "Quantité", "Quantità", "Aantal", "Hoeveelheid", "Ilość", "Quantidade",
)  # fmt: skip
_TOTAL: Final = (
    "Order Line Total", "Gesamtsumme der Bestellposition", "Bestellposition Gesamt", "Bestellposition Summe",
    "Total de la línea de pedido", "Total de la línea del pedido", "Total de la ligne de commande",
    "Totale riga ordine", "Totale riga dell'ordine", "Orderregel totaal", "Totaal orderregel", "Bestelregel totaal",
    "Suma pozycji zamówienia", "Total da linha do pedido", "Total da linha da encomenda",
)  # fmt: skip
_COST: Final = (
    "Item Cost", "Artikelpreis", "Artikelkosten", "Coste del artículo", "Coût de l'article", "Costo articolo",
    "Costo dell'articolo", "Artikelprijs", "Koszt pozycji", "Custo do item",
)  # fmt: skip
_SKU: Final = ("SKU", "Artikelnummer", "UGS", "REF")
_NAME: Final = (
    "Name", "Item Name", "Product Name", "Artikelname", "Produktname", "Nombre", "Nombre del artículo", "Nom",
    "Nom de l'article", "Nome", "Nome articolo", "Naam", "Artikelnaam", "Nazwa", "Nazwa pozycji", "Nome do item",
)  # fmt: skip
_EMAIL: Final = (
    "Email (Billing)", "E-Mail (Rechnung)", "E-Mail (Abrechnung)", "E-Mail (Rechnungsadresse)",
    "Correo electrónico (facturación)", "E-mail (facturation)", "E-mail (facturering)", "Email (fatturazione)",
    "Email (rozliczeniowy)", "E-mail (rozliczenie)", "E-mail (cobrança)", "E-mail (faturação)", "User Email",
    "Customer Email",
)  # fmt: skip
_COUNTRY: Final = (
    "Country Code (Shipping)", "Country Code (Billing)", "Country Name (Shipping)", "Country Name (Billing)",
    "Ländercode (Lieferung)", "Ländercode (Rechnung)", "Código de país (facturación)", "Code pays (facturation)",
    "Codice paese (fatturazione)", "Landcode (facturering)",
)  # fmt: skip


class _At(NamedTuple):
    number: int
    date: int
    quantity: int
    total: int | None
    cost: int | None
    kept: int | None  # quantity less what was sent back
    refunded: int | None  # of the line
    left: int | None  # the line's total less its refund
    item: int | None  # the item's number within the order
    sku: int | None
    name: int | None
    email: int | None
    country: int | None
    billing_country: int | None
    status: int | None
    order_total: int | None
    subtotal: int | None
    shipping: int | None
    tax: int | None
    discount: int | None
    order_refund: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how an Advanced Order Export with one row per item is read; None for another header."""
    header = Header(columns)
    counted = (*_QUANTITY, "Quantity (- Refund)")
    if not all(header.has_one(*names) for names in (_NUMBER, _DATE, counted, (*_TOTAL, *_COST))):
        return None
    at = _At(
        header.need(*_NUMBER), header.need(*_DATE), header.need(*counted), header.take(*_TOTAL), header.take(*_COST),
        header.take("Quantity (- Refund)"), header.take("Order Line Total Refunded"),
        header.take("Order Line Total (- Refund)"), header.take("Item #"), header.take(*_SKU), header.take(*_NAME),
        header.take(*_EMAIL), header.take(*_COUNTRY), header.take("Country Code (Billing)"), header.take(*_STATUS),
        header.take("Order Total Amount"), header.take("Order Subtotal Amount"), header.take("Order Shipping Amount"),
        header.take("Order Total Tax Amount"), header.take("Cart Discount Amount"), header.take("Order Refund Amount"),
    )  # fmt: skip
    money = (at.total, at.cost, at.refunded, at.left, *at[_At._fields.index("order_total") :])
    return Plan(
        key="woo-advanced",
        title="WooCommerce, Advanced Order Export",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=tuple(dict.fromkeys(present(at.quantity, at.kept, *money))),
        person=at.email,
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    rows = _last_version(at, rows)
    number, date = rows[0][at.number], first_cell(rows, at.date)
    country = first_text(rows, at.country) or first_text(rows, at.billing_country)
    buyer = Buyer(number, date, person(first_text(rows, at.email)), country)
    lines = [_line(at, numbers, buyer, row) for row in rows]
    state = state_of(first_text(rows, at.status))
    stated = _stated(at, numbers, rows, lines)
    returned = [line for row in rows if (line := _return(at, numbers, buyer, row)) is not None]
    if not returned and at.quantity != at.kept:  # quantities that are net of refunds have them taken off already
        refunded = sold(lines) if state == REFUNDED and not stated.refunded else stated.refunded
        returned = buyer.refunds([(refunded, None)], lines)
    numbered = {text(row, at.item) for row in rows}
    cut = "" not in numbered and "1" not in numbered  # the plugin counts an order's items from 1
    state, unsaid = None if state == REFUNDED else state, stated.total is None and stated.subtotal is None
    return Order(number, lines + returned, state, None, stated, cut, open_ended=unsaid)


def _line(at: _At, numbers: Numbers, buyer: Buyer, row: Picked) -> Line:
    quantity, total = numbers.of(row, at.quantity), numbers.of(row, at.total)
    if total is None:
        total = (numbers.of(row, at.cost) or 0.0) * (1.0 if quantity is None else quantity)
    return buyer.line(text(row, at.sku), text(row, at.name), quantity, total)


def _return(at: _At, numbers: Numbers, buyer: Buyer, row: Picked) -> Line | None:
    """Return what was refunded of a row's product; None for nothing. Its quantity is 1 when only money was given."""
    refunded, total, left = (numbers.of(row, index) for index in (at.refunded, at.total, at.left))
    if refunded is None and total is not None and left is not None:
        refunded = total - left
    if not refunded:
        return None
    kept = numbers.of(row, at.kept)
    back = (numbers.of(row, at.quantity) or 0.0) - kept if kept is not None else 0.0
    return buyer.line(text(row, at.sku), text(row, at.name), -(back or 1.0), -abs(refunded))


def _stated(at: _At, numbers: Numbers, rows: list[Picked], lines: list[Line]) -> Stated:
    total, subtotal, shipping, tax, discount, refunded = (
        numbers.first(rows, index)
        for index in (at.order_total, at.subtotal, at.shipping, at.tax, at.discount, at.order_refund)
    )
    if subtotal is not None and discount and sold(lines) < subtotal:  # the plugin's subtotal is before the discount
        subtotal = round(subtotal - discount, 6)
    by_line: Any = numbers.sum(rows, at.refunded)
    return Stated(total, subtotal, shipping, tax, discount, by_line if refunded is None else refunded)


def _last_version(at: _At, rows: list[Picked]) -> list[Picked]:
    """Return the rows from the last one on that has the first item's number: files joined by hand repeat orders."""
    first = text(rows[0], at.item)
    starts = [index for index, row in enumerate(rows) if text(row, at.item) == first] if first else [0]
    return rows[starts[-1] :]
