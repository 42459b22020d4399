"""Checks the free space on MongoDB's disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import OperationFailure

from retention.errors import CannotWriteError
from retention.store.driver_errors import UNAUTHORIZED

if TYPE_CHECKING:
    from collections.abc import Callable

    from retention.store.connection import Database

GIB: Final = 1 << 30
MIN_FREE_SHARE: Final = 0.15  # of the disk, but never more than MAX_FREE: WiredTiger needs room to recover
MAX_FREE: Final = 10 * GIB


def check_disk(database: Database, warn: Callable[[str], Any]) -> None:
    """Raise CannotWriteError when the disk has too little room to recover after a crash."""
    try:
        disk = database.command("dbStats")
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        warn("this user may not see how much disk space is free (dbStats): continuing without this check")
        return
    total = disk.get("fsTotalSize", 0)  # some hosted MongoDBs do not report it
    free, needed = total - disk.get("fsUsedSize", 0), max(GIB, min(MIN_FREE_SHARE * total, MAX_FREE))
    if total and free < needed:
        raise CannotWriteError(
            f"MongoDB's disk has {free / GIB:.1f} GiB free of {total / GIB:.1f}, and needs {needed / GIB:.1f} to "
            "recover after a crash: free some, or give it a larger disk"
        )
