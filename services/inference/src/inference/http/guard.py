"""The first middleware that may refuse a request, by its head: host name, key, scope, rate limit, body size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from inference.http.auth import MONITORED
from inference.http.body_limits import LargeBodies
from inference.http.problems import BODY_TOO_LARGE, HOST_NOT_ALLOWED, LARGE_BODIES, MAX_BODY_BYTES, problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from inference.http.admission import Admission
    from inference.http.auth import Auth

_LONGEST_LENGTH = 19  # digits; int() refuses 4,300 and more


class Guard:
    """Refuses foreign host names (DNS rebinding), callers without access and large bodies, before a body is read."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str], auth: Auth, admission: Admission) -> None:
        self._declared = app
        self._app = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._of_large_bodies = {
            path: RequestBodyLimitMiddleware(LargeBodies(app, admission), limit) for path, limit in LARGE_BODIES.items()
        }
        self._allowed_hosts = allowed_hosts
        self._any_host = "*" in allowed_hosts
        self._auth = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it unread."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heads = dict(scope["headers"])
        if not (self._any_host or _host(heads, scope["headers"]) in self._allowed_hosts):
            await problem_response(scope, HOST_NOT_ALLOWED)(scope, receive, send)
        elif scope["path"] not in MONITORED and (refusal := self._auth.refusal(scope, heads)):
            await problem_response(scope, refusal.problem, headers=refusal.headers)(scope, receive, send)
        else:
            await self._limit_body(heads, scope, receive, send)

    async def _limit_body(self, heads: Mapping[bytes, bytes], scope: Scope, receive: Receive, send: Send) -> None:
        declared, large = _declared_bytes(heads), self._of_large_bodies.get(scope["path"])
        if declared <= MAX_BODY_BYTES and b"transfer-encoding" not in heads:
            await self._declared(scope, receive, send)  # the parser passes on no more than was declared
        elif declared <= MAX_BODY_BYTES and large is None:
            await self._app(scope, receive, send)
        elif large is not None and declared <= LARGE_BODIES[scope["path"]]:
            await large(scope, receive, send)
        else:
            # Refused by its declared length; an undeclared body is counted by the middleware while it is read.
            await problem_response(scope, BODY_TOO_LARGE, headers={"Connection": "close"})(scope, receive, send)


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
    return int(value.lstrip(b"0")[:_LONGEST_LENGTH] or b"0") if value.isdigit() else 0
