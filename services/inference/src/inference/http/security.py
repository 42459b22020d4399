"""What stands before every route: whom we answer, how much we read, and the headers that browsers obey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from inference.errors import BODY_TOO_LARGE, HOST_NOT_ALLOWED, LARGE_BODIES, MAX_BODY_BYTES, problem
from inference.http.large_bodies import LargeBodies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scripts from this server alone. Swagger UI draws its icons from data: addresses and sets styles from its script.
_CONTENT_SECURITY_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
]
_NO_STORE: Final = (b"cache-control", b"no-store")  # answers are about people
_CACHEABLE: Final = "/docs/"  # the files of the documentation page


class SecurityHeaders:
    """Adds to every answer of the application the headers that browsers obey."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _HEADERS if scope["path"].startswith(_CACHEABLE) else [*_HEADERS, _NO_STORE]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Guard:
    """Refuses foreign host names (DNS rebinding) and large bodies."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str]) -> None:
        self._app = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._of_large_bodies = {
            path: RequestBodyLimitMiddleware(LargeBodies(app), limit) for path, limit in LARGE_BODIES.items()
        }
        self._allowed_hosts = allowed_hosts
        self._any_host = "*" in allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or refuse it unread."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not (self._any_host or _host(scope["headers"]) in self._allowed_hosts):
            await problem(scope, HOST_NOT_ALLOWED)(scope, receive, send)
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared, large = _declared_bytes(scope["headers"]), self._of_large_bodies.get(scope["path"])
        if 0 < declared <= MAX_BODY_BYTES or (large is None and not declared):
            await self._app(scope, receive, send)
        elif large is not None and declared <= LARGE_BODIES[scope["path"]]:
            await large(scope, receive, send)
        else:
            # Refused by what it says of itself; one that says nothing is counted by the middleware while it is read.
            await problem(scope, BODY_TOO_LARGE, headers={"Connection": "close"})(scope, receive, send)


def _host(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the one Host header without its port, or None when there is not exactly one."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        return None
    host = hosts[0].decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return name if name and port.isascii() and port.isdigit() else host


def _declared_bytes(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)
