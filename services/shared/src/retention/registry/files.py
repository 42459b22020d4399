"""Durable writes and a lock: even after a power cut a file is whole or absent."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from retention.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK_POLL_S: Final = 0.01
_SHARED: Final = 0o660  # owner and group write: two users of one group move the champion


def write_durably(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `path`, with `mode` whatever the umask, and wait until the disk has its content."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(descriptor, mode)
        _write_and_sync(descriptor, content)
    finally:
        os.close(descriptor)


def append_line_durably(path: Path, line: str) -> None:
    """Append `line` to `path`, which is group-writable, and wait until the disk has it.

    An unfinished last line is kept, on a line of its own.
    """
    descriptor = _open_shared(path)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        _write_and_sync(descriptor, b"\n" * torn + line.encode() + b"\n")
    finally:
        os.close(descriptor)


def replace_durably(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` in one step: readers, also after a power cut, find the old content or the new."""
    temporary = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        temporary.unlink()  # left by a killed run, perhaps of another user: it can be removed, but not written
    write_durably(temporary, content, mode=mode)
    temporary.replace(path)
    sync_directory(path.parent)


def make_directory_durably(path: Path) -> None:
    """Make `path` and any missing parents, and wait until the disk has their names."""
    if not path.is_dir():
        make_directory_durably(path.parent)
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in `path`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait_s: float, busy: str) -> Iterator[None]:
    """Hold the lock on `path`, which is made if missing; LockedError(`busy`) after `wait_s`. It dies with its holder.

    The owner's group may take it too. It excludes other processes and other threads.
    """
    descriptor = _open_shared(path)
    try:
        deadline = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise LockedError(busy)
            time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _open_shared(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _SHARED)
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & 0o777 != _SHARED:
        os.fchmod(descriptor, _SHARED)  # just made, with a umask
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_and_sync(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
