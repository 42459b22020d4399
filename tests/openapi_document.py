"""Reads an OpenAPI document: its operations, and their responses without references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def responses_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the responses by status; in place of a reference, what it refers to."""
    return {status: resolved(document, response) for status, response in operation["responses"].items()}


def resolved(document: Mapping[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return what the part refers to; the part itself if it is no reference."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = document["components"][kind][name]
    return found
