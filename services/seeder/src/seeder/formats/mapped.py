"""The plan of a table by a mapping file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from retention.errors import BadDataError
from seeder.formats.feed import WHOLE, Settings, of_shape
from seeder.formats.shape import FIELDS, ONE, Joined, Shape
from seeder.formats.spellings import passed_over, plain
from seeder.formats.states import WORDS
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.mapping import Mapping, Origin
    from seeder.formats.plan import Plan

KEY: Final = "map"
_CURRENCY: Final = re.compile("[A-Z]{3}")


def plan(mapping: Mapping, columns: Sequence[str]) -> Plan:
    """Return how the columns are read by the mapping.

    Raises BadDataError, which names the key, its line in the mapping file and the columns of the table.
    """
    _check_values(mapping)
    values = dict(mapping.values)
    currency = values.pop("Currency") if "Currency" in values and not values["Currency"].columns else None
    if mapping.choices.get("price_per") == "line" and "UnitPrice" in values:
        values["LineTotal"] = values.pop("UnitPrice")
    shape = _shape(mapping, columns, values)
    settings = Settings(
        key=KEY,
        title=f"table of order lines, by {mapping.name}",
        whole=_is_whole(mapping),
        words={**WORDS, **mapping.words},
        zone=mapping.time_zone,
        currency=_code(mapping, currency),
        date_order=mapping.choices.get("dates"),
        decimal=mapping.choices.get("decimal"),
        passed_over=passed_over(columns, shape.positions),
    )
    return of_shape(shape, settings)


def _check_values(mapping: Mapping) -> None:
    values = mapping.values
    needed = [name for name in ("InvoiceNo", "InvoiceDate") if name not in values]
    needed += [] if "UnitPrice" in values or "LineTotal" in values else ["UnitPrice"]
    needed += [] if "CustomerID" in values or "Email" in values else ["CustomerID"]
    if needed:
        raise BadDataError(f"{mapping.name}: no {', '.join(needed)}; each needs a column")
    for name in ("InvoiceNo", "InvoiceDate", "CustomerID"):
        if name in values and not values[name].columns:
            mapping.fail(values[name].line, f"{name}: a constant would be the same for every row; name a column")
    if mapping.choices.get("price_per") == "line" and "LineTotal" in values and "UnitPrice" in values:
        mapping.fail(
            values["LineTotal"].line, "LineTotal: UnitPrice is the line's total by 'price_per: line'; keep one"
        )


def _is_whole(mapping: Mapping) -> bool | None:
    unit = mapping.choices.get("unit")
    whole = next((name for name in WHOLE if name in mapping.values), None)
    if unit == "line" and whole:
        mapping.fail(
            mapping.values[whole].line, f"{whole} belongs to whole orders: write 'unit: order', or take it out"
        )
    return None if unit is None else unit == "order"


def _shape(mapping: Mapping, columns: Sequence[str], values: dict[str, Origin]) -> Shape:
    """Return where the values come from: first the columns, then the constants, then the joined ones."""
    ordered = {name: values[name] for name in (*FIELDS, *values) if name in values}
    found = {name: [_position(mapping, columns, name, one) for one in o.columns] for name, o in ordered.items()}
    positions = tuple(dict.fromkeys(at for places in found.values() for at in places))
    constants: list[Any] = []
    slots: dict[str, int] = {}
    for name, places in found.items():
        if len(places) == 1:
            slots[name] = positions.index(places[0])
        elif not places:
            slots[name] = len(positions) + len(constants)
            constants.append(ordered[name].constant)
    if "Quantity" not in found:
        slots["Quantity"] = len(positions) + len(constants)
        constants.append(ONE)
    joined: list[Joined] = []
    for name, places in found.items():
        if len(places) > 1:
            slots[name] = len(positions) + len(constants) + len(joined)
            joined.append(
                Joined(
                    positions.index(places[0]), positions.index(places[1]), ordered[name].between, ordered[name].moment
                )
            )
    return Shape(positions, slots, tuple(constants), tuple(joined))


def _position(mapping: Mapping, columns: Sequence[str], key: str, name: str) -> int:
    exact = [at for at, column in enumerate(columns) if column.strip() == name.strip()]
    found = exact or [at for at, column in enumerate(columns) if plain(column) == plain(name)]
    line = mapping.values[key].line if key in mapping.values else mapping.values["UnitPrice"].line
    if not found:
        mapping.fail(line, f"{key}: no column '{name}'; the columns are {', '.join(columns)}")
    if len(found) > 1:
        mapping.fail(line, f"{key}: {len(found)} columns are named '{name}'; rename all but one")
    return found[0]


def _code(mapping: Mapping, currency: Origin | None) -> str | None:
    if currency is None:
        return None
    code = currency.constant.strip().upper()
    if not _CURRENCY.fullmatch(code):
        mapping.fail(currency.line, f"Currency: '{printable(code)}' is no ISO code; write one such as EUR")
    return code
