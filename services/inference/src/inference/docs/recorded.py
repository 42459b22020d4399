"""The examples of the document: requests, and the answers of the running API, as `scripts/examples` records them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NotRequired

from fastapi.routing import APIRoute, iter_route_contexts
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

FOLDER: Final = Path(__file__).parent / "examples"  # one file per endpoint, named after its function
REQUEST_ID: Final = "8c7f6a0e5d3b4c2a9f1e0d7b6a5c4e3f"  # of every example
_JSON: Final = "application/json"


class ExampleRequest(TypedDict):
    """A request; `accept` is its Accept header, JSON by default."""

    method: str
    path: str
    body: NotRequired[Any]
    accept: NotRequired[str]


class Example(TypedDict):
    """A request with a summary, and the body of its 200."""

    summary: str
    request: ExampleRequest
    answer: Any


def examples_of(endpoint: str) -> dict[str, Example]:
    """Return the examples of an endpoint by name, read from its file; empty without one."""
    file = FOLDER / f"{endpoint}.json"
    read: dict[str, Example] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return read


def add_examples(schema: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Add to each operation the requests and answers of its endpoint's examples.

    Done on the finished document, because FastAPI drops every null in an example.
    """
    for route in (context.original_route for context in iter_route_contexts(list(routes))):
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = schema["paths"][route.path_format][method.lower()]
                for name, example in examples_of(route.name).items():
                    _add(operation, name, example)


def _add(operation: dict[str, Any], name: str, example: Example) -> None:
    summary, request = example["summary"], example["request"]
    if "body" in request:
        body = operation["requestBody"]["content"][_JSON]
        body.setdefault("examples", {})[name] = {"summary": summary, "value": request["body"]}
    answer = operation["responses"]["200"]["content"][request.get("accept", _JSON)]
    answer.setdefault("examples", {})[name] = {"summary": summary, "value": example["answer"]}
