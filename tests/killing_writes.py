"""Fails the n-th write to MongoDB, as a kill of the writer would: before the server has it, or after."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITES = (
    "insert_one", "insert_many", "update_one", "update_many", "delete_many", "bulk_write", "find_one_and_update",
    "aggregate",
)  # fmt: skip


class Killed(BaseException):
    """The writer is no more: nothing may catch this and go on."""


class Writes:
    """How many writes there were."""

    def __init__(self) -> None:
        self.count = 0
        self.dead = False
        self._lock = threading.Lock()

    def next(self) -> int:
        """Count one, and return which it is; the first is 1."""
        with self._lock:
            self.count += 1
            return self.count


@contextmanager
def killed_at(number: int | None, *, after: bool = False) -> Iterator[Writes]:
    """Raise Killed at this write (None: never), and at every later one of a thread that goes on."""
    writes = Writes()

    def killing(write: Any) -> Any:
        def or_killed(*arguments: Any, **options: Any) -> Any:
            which = writes.next()
            if writes.dead or (which == number and not after):
                writes.dead = True
                raise Killed
            result = write(*arguments, **options)
            if which == number:
                writes.dead = True
                raise Killed
            return result

        return or_killed

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(Collection, name, killing(getattr(Collection, name)))
        patch.setattr(Database, "command", killing(Database.command))
        yield writes
