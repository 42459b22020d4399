"""The context of one request, shared by the middleware and the endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from starlette.types import Scope

    from inference.http.keys import Key

_NAME = "context"


@dataclass(slots=True)
class RequestContext:
    """One request, from its head to its log line."""

    request_id: str
    key: Key | None = None  # None: no key file, or an open address
    customer_id: int | None = None  # set by an endpoint that answers about one customer; logged as a hash
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)  # added to the answer: the rate limit
    refused_status: int | None = None  # set if the server has answered instead of the application

    @property
    def may_read_contacts(self) -> bool:
        """Whether the answer may have customers' e-mails and text ids; without a key file anyone may."""
        return self.key is None or self.key.contacts


def open_context(scope: Scope, request_id: str) -> RequestContext:
    """Attach a new context to `scope` and return it."""
    context = RequestContext(request_id)
    scope.setdefault("state", {})[_NAME] = context
    return context


def context_of(scope: Scope) -> RequestContext:
    """Return the context of a request that RequestLog has opened."""
    return cast("RequestContext", scope["state"][_NAME])


def find_context(scope: Scope) -> RequestContext | None:
    """Return the context, or None before RequestLog has opened it."""
    return cast("RequestContext | None", scope.get("state", {}).get(_NAME))


async def _context(request: Request) -> RequestContext:
    return context_of(request.scope)


Context = Annotated[RequestContext, Depends(_context)]
