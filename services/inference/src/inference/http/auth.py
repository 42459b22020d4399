"""Who asks, whether it may, and how often: answered from the head of a request alone, before anything is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar, cast

from starlette.exceptions import HTTPException

from inference.http.keys import SCOPES, Key, KeyFile
from inference.http.problems import RATE_LIMITED, UNAUTHORIZED, Rule
from inference.http.rate_limit import Limit, Rates, Taken, caller, read_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from starlette.types import Scope

Name = Literal["read", "write", "admin"]
Endpoint = TypeVar("Endpoint")

MONITORED: Final = frozenset({"/livez", "/readyz", "/health", "/metrics"})  # no key, no limit, always a place
_OPEN: Final = MONITORED | {"/", "/docs", "/openapi.json"}  # no key
_OPEN_FILES: Final = ("/docs/", "/page/")
_WRONG_KEYS: Final = read_limit("30/minute")  # per address
_CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="retention", header="X-API-Key"'}


def is_open(path: str) -> bool:
    """Return whether an address needs no key, ever."""
    return path in _OPEN or path.startswith(_OPEN_FILES)


def needs(scope: Name) -> Callable[[Endpoint], Endpoint]:
    """Mark the endpoint of a StrictJsonRoute with the scope that it needs, where it is more than read."""

    def mark(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)["needs"] = scope
        return endpoint

    return mark


def scope_of(endpoint: object) -> Name:
    """Return the scope that an endpoint needs."""
    name: Name = getattr(endpoint, "needs", "read")
    return name


def rank(endpoint: object) -> int:
    """Return the place in SCOPES of the scope that an endpoint needs."""
    return SCOPES.index(scope_of(endpoint))


def require(request: Request, rank: int) -> None:
    """Raise a 403 when the key of `request` is not of this rank; without a file of keys, there is none to look at."""
    key: Key | None = request.scope["state"].get("key")
    if key is not None and key.rank < rank:
        raise HTTPException(403)


class Refusal(NamedTuple):
    """Why a request goes no further, and what its answer says in headers."""

    rule: Rule
    headers: Mapping[str, str]


_NO_KEY: Final = Refusal(UNAUTHORIZED, _CHALLENGE)


class Access:
    """Knows the keys, and counts: per key, and per address of who has none.

    An address that is not there is refused like any other without a key: who has none learns nothing of what is.
    """

    def __init__(self, keys: KeyFile | None, limit: Limit) -> None:
        self._keys = keys
        self._limit = limit
        self._by_key, self._by_address, self._wrong = Rates(), Rates(), Rates()

    @property
    def keys_required(self) -> bool:
        """Whether there is a file of keys."""
        return self._keys is not None

    def refusal(self, scope: Scope, heads: Mapping[bytes, bytes]) -> Refusal | None:
        """Return why a request goes no further, or None; leave its key and headers in its state."""
        needs_none = self._keys is None or is_open(scope["path"])
        given = None if _repeated(scope) else heads.get(b"x-api-key")
        if needs_none or given is None:
            often = self._counted(scope, self._by_address, _address(scope), self._limit)
            return often or (None if needs_none else _NO_KEY)
        return self.refusal_of_key(scope, given)

    def refusal_of_key(self, scope: Scope, given: bytes | None) -> Refusal | None:
        """Return the same of a request with this key, None for no key; where there is no file of keys, any will do."""
        if self._keys is None:
            return None
        if given is None:
            return _NO_KEY
        key = self._keys.holder(given)
        if key is None:
            return self._wrong_key(scope)
        scope["state"]["key"] = key
        return self._counted(scope, self._by_key, key.name, key.limit or self._limit)

    def _counted(self, scope: Scope, rates: Rates, who: str, limit: Limit) -> Refusal | None:
        taken = rates.take(who, limit)
        scope["state"]["headers"] = taken.headers(limit)
        return None if taken.remaining >= 0 else _too_often(taken)

    def _wrong_key(self, scope: Scope) -> Refusal:
        """Answer 401, and 429 to an address that goes on; right keys of that address, perhaps shared, still work."""
        taken = self._wrong.take(_address(scope), _WRONG_KEYS)
        scope["state"]["headers"] = taken.headers(_WRONG_KEYS)
        return _NO_KEY if taken.remaining >= 0 else _too_often(taken)


def _too_often(taken: Taken) -> Refusal:
    return Refusal(RATE_LIMITED, {"Retry-After": str(taken.reset_s)})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return caller(client[0]) if client else ""


def _repeated(scope: Scope) -> bool:
    return [name for name, _ in scope["headers"]].count(b"x-api-key") > 1


def access_of(request: Request) -> Access:
    """Return the access of the application that answers `request`."""
    return cast("Access", request.app.state.access)
