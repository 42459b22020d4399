"""Authentication, authorisation and rate limits: decided from the head of a request, before its body is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from fastapi import Depends, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException

from inference.http.context import context_of
from inference.http.keys import SCOPES, KeyFile
from inference.http.problems import FORBIDDEN, RATE_LIMITED, UNAUTHORIZED, ProblemType
from inference.http.rate_limit import Rates, Taken, caller
from inference.settings import Limit, read_limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import params
    from starlette.routing import BaseRoute
    from starlette.types import Scope

ScopeName = Literal["read", "write", "admin"]

MONITORED: Final = frozenset({"/livez", "/readyz", "/health", "/metrics"})  # no key, no limit, always admitted
_OPEN: Final = MONITORED | {"/", "/docs", "/openapi.json"}  # no key
_OPEN_FILES: Final = ("/docs/", "/page/")
_WRONG_KEYS: Final = read_limit("30/minute")  # per address
_CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="retention", header="X-API-Key"'}


def is_open(path: str) -> bool:
    """Return whether a path never needs a key."""
    return path in _OPEN or path.startswith(_OPEN_FILES)


class RequiredScope:
    """A dependency that refuses keys below a scope. Auth checks the same before the body is read."""

    def __init__(self, name: ScopeName) -> None:
        self.name = name
        self.rank = SCOPES.index(name)

    async def __call__(self, request: Request) -> None:
        """Raise a 403 for a key of a lower scope; without a key file anyone may."""
        key = context_of(request.scope).key
        if key is not None and key.rank < self.rank:
            raise HTTPException(403)


def requires(name: ScopeName) -> params.Depends:
    """Return the dependency of a route that needs more than the scope `read`: `dependencies=[requires("write")]`."""
    return cast("params.Depends", Depends(RequiredScope(name)))


def scope_of(route: APIRoute) -> RequiredScope:
    """Return the scope that a route requires; `read` where it names none."""
    required = [each.dependency for each in route.dependencies if isinstance(each.dependency, RequiredScope)]
    return max(required, key=lambda scope: scope.rank, default=RequiredScope("read"))


class Refusal(NamedTuple):
    """Why a request goes no further, and the headers of its answer."""

    problem: ProblemType
    headers: Mapping[str, str]


_NO_KEY: Final = Refusal(UNAUTHORIZED, _CHALLENGE)
_LOW_SCOPE: Final = Refusal(FORBIDDEN, {})


class Auth:
    """Knows the keys and counts requests: per key, and per address where there is none.

    An unknown path is refused like any other: a caller without a key does not learn which paths exist.
    """

    def __init__(self, keys: KeyFile | None, limit: Limit) -> None:
        self._keys = keys
        self._limit = limit
        self._by_key, self._by_address, self._wrong = Rates(), Rates(), Rates()
        self._above_read: list[tuple[APIRoute, RequiredScope]] = []

    @property
    def keys_required(self) -> bool:
        """Whether there is a key file."""
        return self._keys is not None

    def protect(self, routes: Iterable[BaseRoute]) -> None:
        """Remember the routes that require more than `read`."""
        ours = (context.original_route for context in iter_route_contexts(list(routes)))
        scoped = [(route, scope_of(route)) for route in ours if isinstance(route, APIRoute)]
        self._above_read = [(route, required) for route, required in scoped if required.rank > 0]

    def refusal(self, scope: Scope, heads: Mapping[bytes, bytes]) -> Refusal | None:
        """Return why a request goes no further, or None; note its key and rate limit headers in its context."""
        needs_none = self._keys is None or is_open(scope["path"])
        given = None if _repeated(scope) else heads.get(b"x-api-key")
        if needs_none or given is None:
            exceeded = self._counted(scope, self._by_address, _address(scope), self._limit)
            return exceeded or (None if needs_none else _NO_KEY)
        return self.refusal_of_key(scope, given) or self._refusal_of_scope(scope)

    def refusal_of_key(self, scope: Scope, given: bytes | None) -> Refusal | None:
        """Return why a key (None: no key) is refused, or None; without a key file any is accepted."""
        if self._keys is None:
            return None
        if given is None:
            return _NO_KEY
        key = self._keys.holder(given)
        if key is None:
            return self._wrong_key(scope)
        context_of(scope).key = key
        return self._counted(scope, self._by_key, key.name, key.limit or self._limit)

    def _refusal_of_scope(self, scope: Scope) -> Refusal | None:
        key = context_of(scope).key
        for route, required in self._above_read:
            if scope["method"] in (route.methods or ()) and route.path_regex.match(scope["path"]):
                scope["route"] = route  # for the log and the metrics, which name the route
                return _LOW_SCOPE if key is not None and key.rank < required.rank else None
        return None

    def _counted(self, scope: Scope, rates: Rates, who: str, limit: Limit) -> Refusal | None:
        taken = rates.take(who, limit)
        context_of(scope).headers = taken.headers(limit)
        return None if taken.remaining >= 0 else _rate_limited(taken)

    def _wrong_key(self, scope: Scope) -> Refusal:
        """Return 401, or 429 after too many; valid keys from that address, which may be shared, still work."""
        taken = self._wrong.take(_address(scope), _WRONG_KEYS)
        context_of(scope).headers = taken.headers(_WRONG_KEYS)
        return _NO_KEY if taken.remaining >= 0 else _rate_limited(taken)


def _rate_limited(taken: Taken) -> Refusal:
    return Refusal(RATE_LIMITED, {"Retry-After": str(taken.reset_s)})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return caller(client[0]) if client else ""


def _repeated(scope: Scope) -> bool:
    return [name for name, _ in scope["headers"]].count(b"x-api-key") > 1


def auth_of(request: Request) -> Auth:
    """Return the Auth of the application that serves `request`."""
    return cast("Auth", request.app.state.auth)
