"""A mongod that can be killed, and comes back on the same files and the same port."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pymongo

from embedded_mongod import Mongod, free_port, start_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Server:
    """One data directory and one port; running or not."""

    def __init__(self, data_dir: Path, *, auth: bool = False, more: Sequence[str] = ()) -> None:
        self._data_dir, self._auth, self._more = data_dir, auth, more
        self._port = free_port()
        self._mongod: Mongod | None = None
        self.uri = f"mongodb://127.0.0.1:{self._port}/"
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            self.uri, tz_aware=True, connect=False, serverSelectionTimeoutMS=20_000
        )

    @property
    def pid(self) -> int:
        """The process, to be frozen; raises when none runs."""
        assert self._mongod
        return self._mongod.process.pid

    def start(self) -> None:
        """Return when it listens; recovery after a kill included."""
        self._mongod = start_mongod(self._data_dir, port=self._port, auth=self._auth, more=self._more)

    def kill(self) -> None:
        """`kill -9`: no last checkpoint, no flushed log."""
        if self._mongod:
            self._mongod.process.kill()
            self.ended()

    def ended(self) -> int | None:
        """Wait until it is gone, by itself or killed; return how it ended."""
        code = self._mongod.process.wait(60) if self._mongod else None
        self._mongod = None
        return code

    def stop(self) -> None:
        """End it in order."""
        if self._mongod:
            self._mongod.process.terminate()
            self.ended()


@contextmanager
def serving(data_dir: Path, *, auth: bool = False, more: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server that is there at the beginning, and gone at the end."""
    server = Server(data_dir, auth=auth, more=more)
    try:
        server.start()
        yield server
    finally:
        server.client.close()
        server.kill()  # its files go too
