"""Reads transaction lines from a JSON body, or refuses them with a 422 that names the place. Values are not checked."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from fastapi.exceptions import RequestValidationError

from inference.http.problems import MAX_ERRORS
from retention.lines.rules import RULES
from retention.lines.spellings import field_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

MAX_LINES: Final = 1_000
MAX_NAME: Final = 40  # characters; no field name is longer

_NO_VALUES: Final = frozenset((bool, list, dict))

CUSTOMER_REF: Final = "customer_ref"
CURRENCY: Final = "currency"
REPLACE_ORDERS: Final = "replace_orders"
BESIDES: Final = (CUSTOMER_REF, CURRENCY)  # fields of a line that no file has by these names

Row: TypeAlias = "tuple[str | int | float | datetime | None, ...]"
Place: TypeAlias = "tuple[str | int, ...]"


class Line(NamedTuple):
    """Eight values in the order of RULES, and what stands beside them."""

    values: Row
    customer_ref: str | float | None
    currency: str | float | None


class Rows(NamedTuple):
    """The lines, the JSON pointer of their list in the body, and whether their orders replace stored ones."""

    lines: list[Line]
    pointer: str
    replace_orders: bool


class _Layout(NamedTuple):
    """The key of each field of RULES and of BESIDES (None if missing), or what is wrong with the keys."""

    keys: tuple[str | None, ...]
    wrong: tuple[str, str] | None = None


def read_rows(content: Any) -> Rows:  # noqa: ANN401 - what JSON may be
    """Return the rows of `{"lines": [...]}` or of a bare list; a missing field is None.

    Raises RequestValidationError, with at most MAX_ERRORS places, for another shape, no lines or more than MAX_LINES,
    an unknown or repeated field, and for a value that is true, false, a list or an object. Values are not examined
    further: an unreadable one is quarantined, not refused.
    """
    try:
        return _read(content)
    except RequestValidationError as error:
        del content  # 1 MiB of [] is 24 MB: no traceback may hold it while the error is answered
        raise error.with_traceback(None) from None


def _read(content: object) -> Rows:
    lines, place, replace_orders = _lines(content)
    if not isinstance(lines, list):
        raise invalid(place, "list_type", "The lines must be a list")
    if not 1 <= len(lines) <= MAX_LINES:
        raise invalid(place, "line_count", f"A request has 1 to {MAX_LINES:,} lines")
    layouts: dict[tuple[str, ...], _Layout] = {}  # a client writes all its lines in the same layout
    rows: list[Line] = []
    errors: Iterator[dict[str, Any]] = (
        error for index, line in enumerate(lines) for error in _errors(line, (*place, index), layouts, rows)
    )
    if found := list(islice(errors, MAX_ERRORS)):
        raise RequestValidationError(found)
    return Rows(rows, "/".join(("#", *map(str, place))), replace_orders)


def invalid(place: Place, code: str, detail: str) -> RequestValidationError:
    """Return the 422 of one error at this place of the body."""
    return RequestValidationError([_error(place, code, detail)])


def _lines(content: object) -> tuple[object, Place, bool]:
    if not isinstance(content, dict):
        return content, (), False
    if "lines" not in content:
        raise invalid(("lines",), "missing", "Field required")
    if not content.keys() <= {"lines", REPLACE_ORDERS}:
        raise invalid((), "unknown_field", "The body has an unknown field")
    replace_orders = content.get(REPLACE_ORDERS, False)
    if not isinstance(replace_orders, bool):
        raise invalid((REPLACE_ORDERS,), "bool_type", "Enter true or false")
    return content["lines"], ("lines",), replace_orders


def _errors(
    line: object, place: Place, layouts: dict[tuple[str, ...], _Layout], rows: list[Line]
) -> Iterator[dict[str, Any]]:
    """Add the line's row, or yield its errors."""
    if not isinstance(line, dict):
        yield _error(place, "line_type", "A line must be an object")
        return
    names = tuple(line)
    layout = layouts.get(names)
    if layout is None:
        layout = layouts[names] = _layout(line)
    if layout.wrong:
        yield _error(place, *layout.wrong)
        return
    values = [None if key is None else line[key] for key in layout.keys]
    rows.append(Line(tuple(values[: len(RULES)]), *values[len(RULES) :]))
    if not _NO_VALUES.isdisjoint(map(type, values)):
        for key, value in line.items():
            if type(value) in _NO_VALUES:
                yield _error((*place, key), "value_type", "A value must be text, a number or null")


def _layout(line: Mapping[str, object]) -> _Layout:
    key_of: dict[str, str] = {}
    for name in line:
        field = _field(name)
        if field is None:
            return _Layout((), ("unknown_field", "The line has an unknown field"))
        if field in key_of:
            return _Layout((), ("repeated_field", f"The line has {field} twice, in two spellings"))
        key_of[field] = name
    if "CustomerID" in key_of and CUSTOMER_REF in key_of:
        return _Layout((), ("one_of_two", "Give CustomerID or customer_ref, not both"))
    return _Layout(tuple(key_of.get(field) for field in (*(rule.name for rule in RULES), *BESIDES)))


def _field(name: str) -> str | None:
    if name in BESIDES:
        return name
    return field_named(name) if len(name) <= MAX_NAME else None


def _error(place: Place, code: str, detail: str) -> dict[str, Any]:
    return {"loc": ("body", *place), "type": code, "msg": detail}
