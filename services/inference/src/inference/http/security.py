"""What stands before every route: whom we answer, how much we read, and the headers that browsers obey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware

from inference.http.auth import MONITORED
from inference.http.large_bodies import LargeBodies
from inference.http.problems import BODY_TOO_LARGE, HOST_NOT_ALLOWED, LARGE_BODIES, MAX_BODY_BYTES, problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from inference.http.auth import Access

_PAGE_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# Scripts from this server alone. Swagger UI draws its icons from data: addresses and sets styles from its script.
_DOCS_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_DATA_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),  # a page elsewhere cannot embed an answer
]
_NO_STORE: Final = (b"cache-control", b"no-store")  # answers are about people
_OF_PAGES: Final = [
    *_HEADERS,
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    _NO_STORE,
]
_PAGES: Final = {
    "/": [*_OF_PAGES, (b"content-security-policy", _PAGE_POLICY)],
    "/docs": [*_OF_PAGES, (b"content-security-policy", _DOCS_POLICY)],
}
_FILE_HEADERS: Final = [*_HEADERS, (b"content-security-policy", _PAGE_POLICY)]
_DATA_HEADERS: Final = [*_HEADERS, (b"content-security-policy", _DATA_POLICY), _NO_STORE]
_FILES: Final = ("/docs/", "/page/")  # of the pages; they may be cached


def headers_of(path: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that browsers obey, for the answer to `path`. HSTS is the edge's, which has the TLS."""
    return _PAGES.get(path) or (_FILE_HEADERS if path.startswith(_FILES) else _DATA_HEADERS)


def cross_origin(origins: Iterable[str]) -> Middleware:
    """Return what lets pages of these origins ask with a key of theirs; a browser's own credentials are never taken."""
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT"],
        allow_headers=["X-API-Key", "X-Request-ID", "Content-Type", "Idempotency-Key", "traceparent"],
        expose_headers=[
            "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit",
            "X-RateLimit-Remaining", "X-RateLimit-Reset", "Idempotency-Replayed",
        ],
    )  # fmt: skip


class Guard:
    """Refuses foreign host names (DNS rebinding), who has no access, and large bodies: each by the head alone."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str], access: Access) -> None:
        self._declared = app
        self._app = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._of_large_bodies = {
            path: RequestBodyLimitMiddleware(LargeBodies(app), limit) for path, limit in LARGE_BODIES.items()
        }
        self._allowed_hosts = allowed_hosts
        self._any_host = "*" in allowed_hosts
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or refuse it unread."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heads = dict(scope["headers"])
        if not (self._any_host or _host(heads, scope["headers"]) in self._allowed_hosts):
            await problem(scope, HOST_NOT_ALLOWED)(scope, receive, send)
        elif scope["path"] not in MONITORED and (refusal := self._access.refusal(scope, heads)):
            await problem(scope, refusal.rule, headers=refusal.headers)(scope, receive, send)
        else:
            await self._admit(heads, scope, receive, send)

    async def _admit(self, heads: Mapping[bytes, bytes], scope: Scope, receive: Receive, send: Send) -> None:
        declared, large = _declared_bytes(heads), self._of_large_bodies.get(scope["path"])
        if declared <= MAX_BODY_BYTES and b"transfer-encoding" not in heads:
            await self._declared(scope, receive, send)  # the parser lets no more through than was declared
        elif declared <= MAX_BODY_BYTES and large is None:
            await self._app(scope, receive, send)
        elif large is not None and declared <= LARGE_BODIES[scope["path"]]:
            await large(scope, receive, send)
        else:
            # Refused by what it says of itself; one that says nothing is counted by the middleware while it is read.
            await problem(scope, BODY_TOO_LARGE, headers={"Connection": "close"})(scope, receive, send)


def _host(heads: Mapping[bytes, bytes], headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the one Host header without its port, or None when there is not exactly one."""
    value = heads.get(b"host")
    if value is None or [name for name, _ in headers].count(b"host") > 1:
        return None
    host = value.decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return name if name and port.isascii() and port.isdigit() else host


def _declared_bytes(heads: Mapping[bytes, bytes]) -> int:
    value = heads.get(b"content-length", b"")
    return int(value) if value.isdigit() else 0
