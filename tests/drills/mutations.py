"""Requests made of the documentation's own examples, each changed in a place or two: by the hundred thousand."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from drills.keep_alive import Request
from openapi_document import responses_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 12347, 2**31, 2**63, 2**63 - 1, -(2**63), 10**25, 0.0, -0.0, 1e-300, 1e300,
    0.5, 12347.0,     float("nan"), float("inf"), float("-inf"), "", " ", "0", "12347", "NaN", "\x00",
    "\ud800", "é", "☕" * 40, "x" * 5000,
    "2011-12-01", "2011-12-01T00:00:00Z", "9999-12-31T23:59:60Z", "=1+1", "<script>", "$where", "../..", "%00",
    [], [[]], [12347], [None] * 1001, {}, {"$gt": ""}, {"$ne": None}, {"$where": "1"}, {"a": {"b": {"c": []}}},
)  # fmt: skip


class Operation(NamedTuple):
    """What the documentation says of one method of one path."""

    method: str
    path: str
    bodies: Sequence[Any]  # examples
    path_names: Sequence[str]
    query: Mapping[str, Any]  # an example by name, or None
    answers: Mapping[int, frozenset[str]]  # media types by status


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every operation of an OpenAPI document."""
    return [
        _operation(document, method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def mutated(operation: Operation, random: Random, customer_ids: Sequence[int]) -> Request:
    """Return a request of this operation, most often with something wrong in it."""
    path = operation.path
    for name in operation.path_names:
        value = random.choice(customer_ids) if random.random() < 0.5 else _text(random.choice(HOSTILE))
        path = path.replace(f"{{{name}}}", quote(str(value), safe="", errors="surrogatepass") or "%20")
    asked = [
        quote(name) + random.choice(("", "", "", "[$ne]", "[]")) + "=" + _query_value(random, example)
        for name, example in operation.query.items()
        if random.random() < 0.4
    ]
    body = b""
    if operation.bodies:
        content = copy.deepcopy(random.choice(operation.bodies))
        for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
            content = _changed(content, random)
        body = json.dumps(content).encode()
        if random.random() < 0.03:
            at = random.randrange(len(body) + 1)
            body = body[:at] + random.randbytes(random.randint(0, 3)) + body[at + random.randint(0, 3) :]
    return Request(operation.path, operation.method, path + ("?" + "&".join(asked) if asked else ""), body)


def _changed(content: Any, random: Random) -> Any:
    """Return it with one value replaced, removed, doubled or added, somewhere."""
    if random.random() < 0.1 or not isinstance(content, (dict, list)) or not content:
        return copy.deepcopy(random.choice(HOSTILE))
    place = random.choice(list(content)) if isinstance(content, dict) else random.randrange(len(content))
    if isinstance(content[place], (dict, list)) and random.random() < 0.8:
        content[place] = _changed(content[place], random)
    elif random.random() < 0.7:
        content[place] = copy.deepcopy(random.choice(HOSTILE))
    elif random.random() < 0.5:
        del content[place]
    elif isinstance(content, dict):
        content[random.choice(("$where", "__proto__", "", "id", f"{place} ", str(place).upper()))] = copy.deepcopy(
            content[place]
        )
    else:
        content.append(copy.deepcopy(content[place]))
    return content


def _query_value(random: Random, example: Any) -> str:
    text = _text(example if example is not None and random.random() < 0.5 else random.choice(HOSTILE))
    return quote(text, errors="surrogatepass")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _operation(document: Mapping[str, Any], method: str, path: str, described: Mapping[str, Any]) -> Operation:
    parameters = described.get("parameters", [])
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [one["value"] for one in content.get("examples", {}).values()]
    schema = content.get("schema", {})
    if content and not examples:
        resolved = _resolved(document, schema)
        examples = [resolved.get("example", dict.fromkeys(resolved.get("properties", {}), 1))]
    query = {
        one["name"]: one.get("example", one["schema"].get("default")) for one in parameters if one["in"] == "query"
    }
    names = [one["name"] for one in parameters if one["in"] == "path"]
    answers = {
        int(status): frozenset(answer.get("content", {}))
        for status, answer in responses_of(document, described).items()
    }
    return Operation(method, path, examples, names, query, answers)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def endless(ops: Sequence[Operation], seed: int, customer_ids: Sequence[int]) -> Iterator[tuple[Operation, Request]]:
    """Yield requests without end, the same for the same seed; ten times as many where there is something to change."""
    random = Random(seed)  # noqa: S311 - any will do, the same every time
    weights = [10 if operation.bodies or operation.path_names or operation.query else 1 for operation in ops]
    while True:
        (operation,) = random.choices(ops, weights)
        yield operation, mutated(operation, random, customer_ids)
