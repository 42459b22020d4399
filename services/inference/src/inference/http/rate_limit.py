"""How often may one caller ask? Counted in memory, in fixed windows, within bounded memory."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address
from time import monotonic
from typing import Final, NamedTuple

import limits

from inference.http.rate_windows import BoundedStorage

# One window is 0.3 kB. Who comes from more addresses than that is not held by a limit per address, and must not take
# our memory either.
CAPACITY: Final = 10_000


class Limit(NamedTuple):
    """So many requests in so many seconds; `headers` say so, the same for every answer."""

    requests: int
    window_s: int
    headers: list[tuple[bytes, bytes]]


class Taken(NamedTuple):
    """What is left in the window, below 0 when it was spent before, and the seconds to its end."""

    remaining: int
    reset_s: int

    def headers(self, limit: Limit) -> list[tuple[bytes, bytes]]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10, and those that went before it."""
        left = max(self.remaining, 0)
        return [
            *limit.headers,
            (b"ratelimit", b'"default";r=%d;t=%d' % (left, self.reset_s)),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % self.reset_s),
        ]


class Rates:
    """The windows of all callers, each beginning with its caller's first request.

    Fixed windows let twice the limit through around their edge, and are the cheapest: 2 µs with the headers.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._windows = BoundedStorage(capacity)

    def take(self, who: str, limit: Limit) -> Taken:
        """Count one request of `who`."""
        requests = self._windows.incr(who, limit.window_s)
        return Taken(limit.requests - requests, int(self._windows.get_expiry(who) - monotonic()) + 1)

    def __len__(self) -> int:
        return len(self._windows)


def read_limit(text: str) -> Limit:
    """Return the limit that `text` says, such as 600/minute or 10 per 5 seconds; ValueError when it says none."""
    items = limits.parse_many(text)
    if len(items) != 1 or items[0].amount < 1:
        raise ValueError(f"one limit such as 600/minute, not {text!r}")
    requests, window_s = items[0].amount, items[0].get_expiry()
    policy = b'"default";q=%d;w=%d' % (requests, window_s)
    return Limit(requests, window_s, [(b"ratelimit-policy", policy), (b"x-ratelimit-limit", b"%d" % requests)])


def caller(address: str) -> str:
    """Return whom an address stands for: itself, or its /64 in IPv6, which is what one subscriber has."""
    return _subscriber(address) if ":" in address else address[:64]  # a proxy may say anything in place of one


@lru_cache(maxsize=1024)
def _subscriber(address: str) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
