"""A storage for `limits` that is bounded and starts no thread."""

from __future__ import annotations

from time import monotonic

from limits.storage import Storage


class BoundedStorage(Storage):
    """Counts by key, each until its window ends, of which the oldest is forgotten for the newest beyond `capacity`.

    The library's own starts a thread every 10 ms that looks through all it holds, without a bound: 20 µs a request,
    and 350 bytes for each of a million addresses. Instants are seconds of the monotonic clock: who puts the machine's
    clock back locks nobody out.
    """

    STORAGE_SCHEME = None

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity
        self._windows: dict[str, list[float]] = {}  # by key: how many, and when the window ends

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount`, and return the count; the first of a window makes it last for `expiry` seconds."""
        window = self._windows.get(key)
        if window is None or window[1] <= monotonic():
            window = self._open(key, monotonic() + expiry)
        window[0] += amount
        return int(window[0])

    def _open(self, key: str, ends: float) -> list[float]:
        self.clear(key)  # so that the first one is always the oldest
        if len(self._windows) >= self._capacity:
            del self._windows[next(iter(self._windows))]
        self._windows[key] = window = [0, ends]
        return window

    def get(self, key: str) -> int:
        """Return the count."""
        return int(self._windows.get(key, (0, 0))[0])

    def get_expiry(self, key: str) -> float:
        """Return when the window ends."""
        return self._windows[key][1] if key in self._windows else monotonic()

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget all, and return how many there were."""
        forgotten = len(self)
        self._windows.clear()
        return forgotten

    def check(self) -> bool:
        """Return True: memory is there."""
        return True

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a storage may fail by."""
        return LookupError

    def __len__(self) -> int:
        return len(self._windows)
