"""The file of `--map`: for each of our values the column, the columns or the constant that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import yaml

from retention.errors import BadDataError
from seeder.formats.shape import FIELDS
from seeder.formats.spellings import plain
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES: Final = (
    *FIELDS, "Email", "Currency", "State", "PaymentState", "Cancelled", "Refund", "OrderTotal", "LineTotal",
    "Subtotal", "Shipping", "Tax", "Discount",
)  # fmt: skip
CHOICES: Final = {
    "unit": ("line", "order"),
    "price_per": ("unit", "line"),
    "dates": ("ymd", "dmy", "mdy"),
    "decimal": (".", ","),
}
STATES: Final = (
    "stands", "others", "cancelled", "voided", "failed", "pending", "on-hold", "authorized", "test", "draft", "unpaid",
)  # fmt: skip
KEYS: Final = (*VALUES, *CHOICES, "time_zone", "states")
OTHERS: Final = "*"  # the state of every word that is not listed
_LONGEST: Final = 65_536  # characters; a mapping has some thirty lines
_FORMS: Final = "a column, {constant: TEXT}, {join: [A, B], between: ' '} or {date: A, time: B}"


class Origin(NamedTuple):
    """Where one value comes from: one column, two to be joined, or none and a constant."""

    line: int  # of the mapping file
    columns: tuple[str, ...] = ()
    constant: str = ""
    between: str = " "
    moment: bool = False  # a date and a time


class Mapping(NamedTuple):
    """A mapping file that was read and is well formed; its columns are not looked up yet."""

    name: str
    values: dict[str, Origin]
    choices: dict[str, str]
    words: dict[str, str | None]  # plain words of states → None (stands) or the state
    time_zone: str | None

    def fail(self, line: int, problem: str) -> NoReturn:
        """Raise BadDataError, which names the file and the line."""
        _fail(self.name, line, problem)


def parse(text: str, name: str) -> Mapping:
    """Return the mapping in a YAML text; every value is text, `NO` and `1` too.

    Raises BadDataError, which names the file, the line, the key and what is allowed.
    """
    found = Mapping(name, {}, {}, {}, None)
    seen: dict[str, int] = {}
    for key, line, node in _pairs(_root(text, name), name):
        known = next((one for one in KEYS if plain(one) == plain(key)), None)
        if known is None:
            _fail(name, line, f"unknown key '{key}'; the keys are {', '.join(KEYS)}")
        if known in seen:
            _fail(name, line, f"'{known}' stands in line {seen[known]}, too")
        seen[known] = line
        found = _with(found, known, line, node)
    return found


def _root(text: str, name: str) -> yaml.Node:
    if len(text) > _LONGEST:
        raise BadDataError(f"{name}: longer than {_LONGEST:,} characters, so no mapping")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadDataError(f"{name}, line {line}: no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise BadDataError(f"{name}: no YAML: {printable(str(error))}") from None
    if not isinstance(root, yaml.MappingNode):
        raise BadDataError(f"{name}: no mapping; write lines such as 'InvoiceNo: Order Number'")
    return root


def _pairs(node: yaml.Node, name: str) -> Iterator[tuple[str, int, yaml.Node]]:
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            _fail(name, line, "a key is no text")
        yield key.value, line, value


def _with(mapping: Mapping, key: str, line: int, node: yaml.Node) -> Mapping:
    if key in VALUES:
        return mapping._replace(values={**mapping.values, key: _origin(mapping, key, line, node)})
    if key == "states":
        return mapping._replace(words=_words(mapping, line, node))
    text = _text(mapping, key, line, node)
    if key == "time_zone":
        _check_zone(mapping, line, text)
        return mapping._replace(time_zone=text)
    if text not in CHOICES[key]:
        mapping.fail(line, f"{key}: '{text}' is none of {', '.join(repr(one) for one in CHOICES[key])}")
    return mapping._replace(choices={**mapping.choices, key: text})


def _origin(mapping: Mapping, key: str, line: int, node: yaml.Node) -> Origin:
    if isinstance(node, yaml.ScalarNode):
        return Origin(line, (_text(mapping, key, line, node),))
    if not isinstance(node, yaml.MappingNode):
        mapping.fail(line, f"{key}: write {_FORMS}")
    parts = {name: value for name, _, value in _pairs(node, mapping.name)}
    if set(parts) == {"constant"}:
        return Origin(line, constant=_text(mapping, key, line, parts["constant"]))
    if set(parts) == {"date", "time"} and key == "InvoiceDate":
        return Origin(line, tuple(_text(mapping, key, line, parts[one]) for one in ("date", "time")), moment=True)
    joined = parts.pop("join", None)
    if not isinstance(joined, yaml.SequenceNode) or len(joined.value) != 2 or set(parts) - {"between"}:  # noqa: PLR2004
        mapping.fail(line, f"{key}: write {_FORMS}")
    between = parts["between"].value if "between" in parts else "-"
    return Origin(line, tuple(_text(mapping, key, line, one) for one in joined.value), between=between)


def _words(mapping: Mapping, line: int, node: yaml.Node) -> dict[str, str | None]:
    if not isinstance(node, yaml.MappingNode):
        mapping.fail(line, "states: write lists of words, such as 'stands: [paid, sent]' and 'cancelled: [void]'")
    words: dict[str, str | None] = {}
    for key, at, texts in _pairs(node, mapping.name):
        if key not in STATES:
            mapping.fail(at, f"states: unknown key '{key}'; the keys are {', '.join(STATES)}")
        if key == "others":
            words[OTHERS] = _text(mapping, key, at, texts)
            continue
        items = texts.value if isinstance(texts, yaml.SequenceNode) else [texts]
        words.update({plain(_text(mapping, key, at, item)): None if key == "stands" else key for item in items})
    return words


def _text(mapping: Mapping, key: str, line: int, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        mapping.fail(line, f"{key}: a text is needed")
    return str(node.value)


def _check_zone(mapping: Mapping, line: int, text: str) -> None:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        mapping.fail(line, f"time_zone: '{text}' is no time zone; write one such as Europe/Berlin")


def _fail(name: str, line: int, problem: str) -> NoReturn:
    raise BadDataError(f"{name}, line {line}: {printable(problem)}")
