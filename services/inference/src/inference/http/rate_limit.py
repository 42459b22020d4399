"""Rate limits per caller: counts in fixed windows, in a bounded amount of memory."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from inference.settings import Limit

# A window takes 0.2 kB. Beyond this many addresses the oldest window is dropped: a client with more addresses
# escapes a limit per address anyway, and must not use up our memory too.
CAPACITY: Final = 10_000


class Taken(NamedTuple):
    """The requests left in the window, negative once the limit is exceeded, and the seconds until it ends."""

    remaining: int
    reset_s: int

    def headers(self, limit: Limit) -> list[tuple[bytes, bytes]]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10 and the older X-RateLimit-* fields."""
        left = max(self.remaining, 0)
        return [
            *limit.headers,
            (b"ratelimit", b'"default";r=%d;t=%d' % (left, self.reset_s)),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % self.reset_s),
        ]


class Rates:
    """The windows of all callers; a window begins with its caller's first request.

    Fixed windows let up to twice the limit through around an edge, and are the cheapest: 2 µs with the headers. They
    use the monotonic clock, so setting the machine's clock back locks no caller out.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._windows: dict[str, tuple[int, float]] = {}  # by caller, oldest first: requests so far, end of the window

    def take(self, who: str, limit: Limit) -> Taken:
        """Count one request of `who`."""
        now = monotonic()
        requests, ends = self._windows.get(who, (0, now))
        if ends <= now:
            self._make_room(who)
            requests, ends = 0, now + limit.window_s
        self._windows[who] = requests + 1, ends
        return Taken(limit.requests - requests - 1, int(ends - now) + 1)

    def _make_room(self, who: str) -> None:
        """Drop the ended window of `who`, so that the new one is the newest, or else the oldest window when full."""
        if self._windows.pop(who, None) is None and len(self._windows) >= self._capacity:
            del self._windows[next(iter(self._windows))]

    def __len__(self) -> int:
        return len(self._windows)


def caller(address: str) -> str:
    """Return the subscriber behind an address: the address itself, or in IPv6 its /64."""
    return _subscriber(address) if ":" in address else address[:64]  # a proxy may send any text as the address


@lru_cache(maxsize=1024)
def _subscriber(address: str) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
