"""Adds to every operation what is checked first: key, scope, rate limit and request head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi.routing import APIRoute, iter_route_contexts

from inference.http.auth import MONITORED, is_open, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.routing import BaseRoute

Responses: TypeAlias = "Mapping[int | str, dict[str, Any]]"

SCHEME: Final = "X-API-Key"
_LIMITS: Final = {
    "RateLimit-Policy": {
        "description": "The limit: `q` requests in `w` seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit": {"description": "`r` requests are left for the next `t` seconds.", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {"description": "Requests per window.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "Requests left in the window.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {"description": "Seconds until the window ends.", "schema": {"type": "integer"}},
}
_KEY: Final = {
    "type": "apiKey",
    "in": "header",
    "name": SCHEME,
    "description": "Required with a key file. Scopes: `read`, `write` and `admin`; each includes the ones before. "
    "`contacts`, besides them, adds customers' e-mail addresses and text IDs to lists and profiles.",
}


def document_access(
    schema: dict[str, Any],
    routes: Iterable[BaseRoute],
    *,
    required: bool,
    by_head: Responses,
    refusals: Responses,
    with_key: Responses,
) -> None:
    """Add the security scheme to `schema`, and to each operation its requirement and the refusals before it.

    `by_head` applies to all operations, `refusals` to all but health checks, `with_key` to those that take a key.
    """
    schema.setdefault("components", {})["securitySchemes"] = {SCHEME: _KEY}
    for route in (context.original_route for context in iter_route_contexts(list(routes))):
        if not (isinstance(route, APIRoute) and route.include_in_schema):
            continue
        for method in route.methods or ():
            operation = schema["paths"][route.path_format][method.lower()]
            _add(operation["responses"], by_head)
            if route.path in MONITORED:
                continue
            _add(operation["responses"], refusals)
            if not is_open(route.path):
                _add(operation["responses"], with_key)
                key: dict[str, list[str]] = {SCHEME: []}
                operation["security"] = [key] if required else [{}, key]
                scope = scope_of(route).name
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
            for response in operation["responses"].values():
                response["headers"] = response.get("headers", {}) | _LIMITS


def _add(responses: dict[str, Any], more: Responses) -> None:
    """Add responses, merging those of the same status."""
    for status, new in more.items():
        known = responses.setdefault(str(status), {"description": "", "content": {}})
        if new["description"] not in known["description"]:
            known["description"] = "; ".join(filter(None, (known["description"], new["description"])))
        for media_type, content in new["content"].items():
            place = known.setdefault("content", {}).setdefault(media_type, {**content, "examples": {}})
            place["examples"] = place.get("examples", {}) | content["examples"]
        if "headers" in new:
            known["headers"] = known.get("headers", {}) | new["headers"]
