"""Olist's three files, orders, items and customers, joined as rows of one table that `olist.plan` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seeder.formats.header import Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from seeder.formats.plan import Picked

_ORDERS: Final = ("order_id", "customer_id", "order_purchase_timestamp", "order_status")
_ITEMS: Final = ("order_id", "order_item_id", "product_id", "price", "freight_value")
_CUSTOMERS: Final = ("customer_id", "customer_unique_id")
_UNKNOWN: Final = ("", "", "")  # of an item whose order is in no file

COLUMNS: Final = (*_ITEMS, "order_purchase_timestamp", "order_status", "customer_unique_id")


class Tables(NamedTuple):
    """The names of the three tables, and the positions of what is read of each."""

    orders: str
    items: str
    customers: str
    at: Mapping[str, tuple[int, ...]]


def plan_tables(columns_by_table: Mapping[str, Sequence[str]]) -> Tables | None:
    """Return which of several tables are Olist's orders, items and customers; None when one of them is missing."""
    headers = {name: Header(columns) for name, columns in columns_by_table.items()}
    parts = {part: _named(headers, part) for part in (_ORDERS, _ITEMS, _CUSTOMERS)}
    orders, items, customers = parts.values()
    if orders is None or items is None or customers is None:
        return None
    at = {name: tuple(map(headers[name].need, part)) for part, name in parts.items() if name is not None}
    return Tables(orders, items, customers, {name: headers[name].positions for name in at})


def join(tables: Tables, rows: Callable[[str, Sequence[int]], Iterator[Picked]]) -> Iterator[tuple[Any, ...]]:
    """Yield a row of COLUMNS for each item; `rows(table, positions)` yields the picked rows of a table.

    Orders and customers are kept in memory, about 50 MB for 100,000 orders; the items are streamed. An item whose order
    is in no file has no date, and is put aside by the rules of a line.
    """
    orders = _orders(tables, rows)
    for item in rows(tables.items, tables.at[tables.items]):
        yield (*item, *orders.get(item[0], _UNKNOWN))


def _orders(tables: Tables, rows: Callable[[str, Sequence[int]], Iterator[Picked]]) -> dict[Any, tuple[Any, Any, Any]]:
    """Return the date, state and customer of each order."""
    customers = rows(tables.customers, tables.at[tables.customers])
    people = {row[0]: row[1] for row in customers}
    states: dict[Any, Any] = {}  # one object for each state, not one for each order
    return {
        number: (date, states.setdefault(state, state), people.get(customer, ""))
        for number, customer, date, state in rows(tables.orders, tables.at[tables.orders])
    }


def _named(headers: Mapping[str, Header], part: Sequence[str]) -> str | None:
    return next((name for name, header in headers.items() if header.has(*part)), None)
