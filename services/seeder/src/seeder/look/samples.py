"""Bounded samples of what a file holds: distinct keys by their hash, and numbers at regular distances."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_SPREAD: Final = 0x9E3779B1  # CRC-32 alone keeps a pattern of consecutive numbers; its product's upper bits do not
_HASHES: Final = 2**32


class Distinct(Generic[T]):
    """Distinct keys, each with a fact: all of them up to `limit`, then those with the smallest hashes.

    Whether a key is kept depends on its text alone, so a share among the kept is unbiased.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self.kept: dict[str, T] = {}  # 50,000 invoices with their facts: 12 MB
        self._limit = limit
        self._below = _HASHES

    @property
    def count(self) -> int:
        """The number of distinct keys: exact up to `limit`, then within about 1%."""
        return len(self.kept) * (_HASHES // self._below)

    def add(self, key: str, fact: T) -> None:
        """Keep `key` with its fact, which replaces an earlier one, if it is among those that are kept."""
        if self._below == _HASHES or _hash(key) < self._below:
            self.kept[key] = fact
            while len(self.kept) > self._limit:
                self._below //= 2
                self.kept = {key: fact for key, fact in self.kept.items() if _hash(key) < self._below}


def _hash(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass")) * _SPREAD % _HASHES


class Numbers:
    """Every n-th number of a long series: all of them up to `limit`, then fewer, still spread over the whole series."""

    def __init__(self, limit: int = 20_000) -> None:
        self._kept: list[float] = []
        self._limit = limit
        self._every = 1
        self._skip = 0  # numbers to pass over before the next one is kept

    def due(self, texts: Sequence[T]) -> Sequence[T]:
        """Return those of the next values that are to be added."""
        chosen = texts[self._skip :: self._every]
        self._skip = (self._skip - len(texts)) % self._every
        return chosen

    def add(self, numbers: Sequence[float]) -> None:
        """Keep numbers that are due."""
        self._kept += numbers
        while len(self._kept) > self._limit:
            self._kept = self._kept[::2]
            self._every *= 2

    def median(self) -> float | None:
        """Return the median; None without numbers."""
        return median(self._kept) if self._kept else None
