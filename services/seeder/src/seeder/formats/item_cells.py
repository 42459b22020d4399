"""The cells of WebToffee's order export that hold several values: `name:Towel|sku:LIN|quantity:2|total:28.00|…`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

# As the plugin writes them: names and codes may hold any character, `|` and `:` too, the others may not.
_ITEM: Final = re.compile(
    r"name:(?P<name>.*?)\|product_id:(?P<product>[^|]*)\|sku:(?P<sku>.*?)"
    r"\|quantity:(?P<quantity>[^|:]*)\|total:(?P<total>[^|:]*)(?:\|.*)?",
    re.DOTALL,
)
_KEYS: Final = re.compile(r"(?:^|\|)(name|product_id|sku|quantity|total|sub_total|tax|tax_data|refunded|meta):")
_REFUNDED: Final = re.compile(r"\|refunded:(-?[0-9.]+)")
_REFUND: Final = re.compile(
    r"amount:(?P<amount>[^|]*)(?:\|reason:.*?)?\|date:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:]{5,8})?)?(?:;|\||$)",
    re.DOTALL,
)


class Item(NamedTuple):
    """One item of an order, all of it text."""

    name: str
    sku: str
    quantity: str
    total: str  # after discounts
    refunded: str  # "" for nothing


class Refund(NamedTuple):
    """One refund of an order."""

    amount: str
    date: datetime | None  # the shop's wall clock; None: not said


def item(cell: str) -> Item | None:
    """Return the item of a `line_item_n` cell; None for a cell that holds none."""
    found = _ITEM.fullmatch(cell.strip())
    said = found.groupdict() if found else _said(cell.strip())
    if not said.get("name") and not said.get("total"):
        return None
    code = said.get("sku") or ""
    given = _REFUNDED.search(cell)
    name = said.get("name") or said.get("product") or said.get("product_id") or ""
    return Item(name, code, said.get("quantity") or "", said.get("total") or "", given[1] if given else "")


def _said(cell: str) -> dict[str, str]:
    """Return the values of a cell by their keys, for other orders of keys than the plugin's own."""
    parts = _KEYS.split(cell)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def refunds(cell: str) -> list[Refund]:
    """Return the refunds of a `refund_items` cell: `amount:14|reason:…|date:2025-03-02 09:11:00`, joined by `;`."""
    return [Refund(found["amount"], _instant(found["date"])) for found in _REFUND.finditer(cell)]


def _instant(said: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(said) if said else None
    except ValueError:
        return None
