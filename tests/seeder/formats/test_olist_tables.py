"""Olist's three files become one table, which its plan reads like the joined one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export
from exports.known_orders import known_orders, seeded
from exports.olist import hexed, write, write_tables
from exports.reading import orders_of, plan_of

from seeder.formats import olist
from seeder.formats.olist_tables import COLUMNS, join, plan_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _joined(tables: dict[str, Export]) -> Export:
    found = plan_tables({name: export.columns for name, export in tables.items()})
    assert found is not None

    def rows(table: str, positions: Sequence[int]) -> Iterator[list[str]]:
        return ([row[at] for at in positions] for row in tables[table].rows)

    return Export(list(COLUMNS), [list(row) for row in join(found, rows)], "order_id", (), ())


def test_three_tables_say_what_the_joined_one_says() -> None:
    orders = known_orders(seeded(5))
    one, three = write(orders), _joined(write_tables(orders))
    assert orders_of(plan_of(olist.plan, three), three) == orders_of(plan_of(olist.plan, one), one)


def test_further_tables_and_any_names_are_no_hindrance() -> None:
    named = {"a": "order_id,payment_value", "b": ",".join(write_tables([])["olist_orders_dataset"].columns)}
    tables = {name: columns.split(",") for name, columns in named.items()}
    tables["c"], tables["d"] = (
        write_tables([])[f"olist_{part}_dataset"].columns for part in ("order_items", "customers")
    )
    found = plan_tables(tables)
    assert found is not None
    assert (found.orders, found.items, found.customers) == ("b", "c", "d")


def test_two_of_the_three_are_not_enough() -> None:
    tables = {name: export.columns for name, export in write_tables([]).items()}
    for name in tables:
        assert plan_tables({other: columns for other, columns in tables.items() if other != name}) is None


def test_an_item_of_an_unknown_order_has_no_date() -> None:
    tables = write_tables(known_orders(seeded(5), count=1))
    tables["olist_orders_dataset"] = Export(tables["olist_orders_dataset"].columns, [], "order_id", (), ())
    joined = _joined(tables)
    (order,) = orders_of(plan_of(olist.plan, joined), joined)
    assert {line[4] for line in order.lines} == {None}
    assert order.invoice == hexed("3101")
