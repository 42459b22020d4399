"""Finishes the OpenAPI document: operation IDs that read well in a client, shared headers, examples and responses."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from fastapi.routing import APIRoute, iter_route_contexts

from retention.lines.rules import MAX_CUSTOMER_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.routing import BaseRoute

_REQUEST_ID: Final = {
    "description": "ID of the request: the X-Request-ID that was sent, if it is a plain token, else a new one.",
    "schema": {"type": "string", "maxLength": 64},
}
_THEIRS: Final = ("HTTPValidationError", "ValidationError")  # FastAPI's error models, which no operation uses here


def finish(schema: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Name the operations, write headers, examples and responses once each, and drop FastAPI's error models."""
    _name_operations(schema, routes)
    _write_whole_bounds(schema)
    for operation in _operations(schema):
        _share_objects(schema, operation.get("requestBody"))
        operation["responses"] = {
            status: response for status, response in operation["responses"].items() if not _is_theirs(response)
        }
        for parameter in operation.get("parameters", ()):
            if parameter["required"] and "examples" in parameter["schema"]:  # the only example that Swagger UI fills in
                parameter["example"] = parameter["schema"]["examples"][0]
        for response in operation["responses"].values():
            if response["description"] == "Successful Response":  # FastAPI's own
                response["description"] = "Success."
            response["headers"] = {"X-Request-ID": _REQUEST_ID} | response.get("headers", {})
            _share(schema, "headers", response["headers"])
            for content in response.get("content", {}).values():
                _share(schema, "examples", content.get("examples", {}))
    _share_responses(schema)
    for name in _THEIRS:
        schema["components"]["schemas"].pop(name, None)


def _name_operations(schema: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Name each operation after its function; after its path where one function serves several."""
    ours = [
        route
        for route in (context.original_route for context in iter_route_contexts(list(routes)))
        if isinstance(route, APIRoute) and route.include_in_schema
    ]
    uses = Counter(route.name for route in ours)
    for route in ours:
        name = route.name if uses[route.name] == 1 else "_".join(re.findall(r"\w+", route.path_format))
        for method in route.methods or ():
            schema["paths"][route.path_format][method.lower()]["operationId"] = name


def _write_whole_bounds(part: object) -> None:
    """Write whole bounds as integers: FastAPI makes them floats, in which 2^63 - 1 becomes 2^63."""
    if isinstance(part, dict):
        for name in ("minimum", "maximum"):
            if isinstance(bound := part.get(name), float) and bound.is_integer():
                part[name] = min(int(bound), MAX_CUSTOMER_ID)
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _write_whole_bounds(each)


def _share_objects(schema: dict[str, Any], part: object) -> None:
    """Move objects described inside a request body to `components`: clients make a class of each, by title."""
    places = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for place, each in list(places):
        _share_objects(schema, each)
        if isinstance(each, dict) and each.get("type") == "object" and "title" in each:
            part[place] = _shared(schema, "schemas", each["title"], each)  # type: ignore[index]


def _share_responses(schema: dict[str, Any]) -> None:
    """Move refusals that are the same on several operations to `components`, named after their problems."""
    operations = list(_operations(schema))
    uses = Counter(json.dumps(response) for each in operations for response in each["responses"].values())
    for operation in operations:
        for status, response in operation["responses"].items():
            codes = response.get("content", {}).get("application/problem+json", {}).get("examples", ())
            if codes and uses[json.dumps(response)] > 1:
                operation["responses"][status] = _shared(schema, "responses", "-".join(codes), response)


def _share(schema: dict[str, Any], kind: str, parts: dict[str, Any]) -> None:
    for name, part in parts.items():
        parts[name] = _shared(schema, kind, name, part)


def _shared(schema: dict[str, Any], kind: str, name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Move the part to `components` and return a reference; return the part if the name is taken by another.

    Unshared, headers, examples and refusals were most of the document.
    """
    if "$ref" in part or schema["components"].setdefault(kind, {}).setdefault(name, part) != part:
        return part
    return {"$ref": f"#/components/{kind}/{name}"}


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in schema["paths"].values():
        yield from path.values()


def _is_theirs(response: dict[str, Any]) -> bool:
    return any(
        content.get("schema", {}).get("$ref", "").endswith(_THEIRS) for content in response.get("content", {}).values()
    )
