"""A TCP proxy before a database, that can be made to fail in the ways in which networks and servers do."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from embedded_mongod import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_CHUNK_BYTES = 65_536
_LINGER_0 = struct.pack("ii", 1, 0)  # closing sends a reset


class Mode(NamedTuple):
    """What becomes of what passes: by default nothing happens to it."""

    name: str = "pass"
    latency_s: float = 0  # before each part of a reply is passed on
    bytes_per_s: float = 0  # of replies; 0: as fast as they come
    reads: bool = True  # frozen: a peer whose buffers fill up
    forwards: bool = True  # black hole: what is read goes nowhere
    reply_bytes: int | None = None  # of each reply, before the connection is cut
    resets: bool = False
    listens: bool = True


PASS = Mode()
FROZEN = Mode("frozen", reads=False)
BLACK_HOLE = Mode("black hole", forwards=False)
RESET = Mode("reset", resets=True)
DEAD = Mode("dead", listens=False)
CUT = Mode("cut in mid-reply", reply_bytes=20)
THROTTLED = Mode("300 bytes/s", bytes_per_s=300)


def late(milliseconds: int) -> Mode:
    """Every reply comes so much later."""
    return Mode(f"+{milliseconds} ms", latency_s=milliseconds / 1000)


class FaultProxy:
    """Between its own `port` of loopback and `upstream_port`; `become` switches it while it runs."""

    def __init__(self, upstream_port: int) -> None:
        self.port = free_port()
        self.mode = PASS
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def become(self, mode: Mode) -> None:
        """Change for the connections that there are and those to come."""
        self.mode = mode
        self._changed.set()
        self._changed = asyncio.Event()
        if mode.listens and self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        if not mode.listens and self._server is not None:
            self._server.close()
            self._server = None
        if mode.resets or not mode.listens:
            for writer in list(self._writers):
                _reset(writer)

    async def close(self) -> None:
        """Hang up on everybody."""
        await self.become(DEAD)
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode.resets:
            _reset(writer)
            return
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            _reset(writer)
            return
        for source, sink, is_reply in ((reader, upstream_writer, False), (upstream_reader, writer, True)):
            pump = asyncio.create_task(self._pump(source, sink, is_reply=is_reply))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_reply: bool) -> None:
        self._writers.add(sink)
        try:
            while chunk := await source.read(_CHUNK_BYTES):
                await self._pass_on(chunk, sink, is_reply=is_reply)
        except OSError:
            pass
        finally:
            self._writers.discard(sink)
            sink.close()

    async def _pass_on(self, chunk: bytes, sink: asyncio.StreamWriter, *, is_reply: bool) -> None:
        while not self.mode.reads:
            await self._changed.wait()
        mode = self.mode
        if not mode.forwards:
            return
        if is_reply:
            await asyncio.sleep(mode.latency_s + (len(chunk) / mode.bytes_per_s if mode.bytes_per_s else 0))
            if mode.reply_bytes is not None:
                sink.write(chunk[: mode.reply_bytes])
                raise ConnectionAbortedError
        sink.write(chunk)
        await sink.drain()


@asynccontextmanager
async def proxying(upstream_port: int) -> AsyncIterator[FaultProxy]:
    """Stand before the port; passing at first."""
    proxy = FaultProxy(upstream_port)
    await proxy.become(PASS)
    try:
        yield proxy
    finally:
        await proxy.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    peer: socket.socket | None = writer.get_extra_info("socket")
    if peer is not None and not writer.is_closing():
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    writer.transport.abort()
