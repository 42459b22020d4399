"""An HTTP/1.1 client of a hundred lines: connections that are kept, no limits of its own, 0.1 ms a request."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_LIMIT_BYTES = 1 << 20


class Answer(NamedTuple):
    """What came back, and how long it took from when it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Request(NamedTuple):
    """A request; `needs_database` tells what may be asked while there is none."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    needs_database: bool = False

    def encoded(self, more: tuple[tuple[str, str], ...] = ()) -> bytes:
        """Return it as it goes over the wire, with `more` headers."""
        typed = (("Content-Type", "application/json"), ("Content-Length", str(len(self.body)))) if self.body else ()
        lines = [f"{name}: {value}\r\n" for name, value in (("Host", "127.0.0.1"), *typed, *self.headers, *more)]
        return f"{self.method} {self.path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + self.body


class KeepAlive:
    """Connections to one port of loopback: an idle one is used again, else one is made, from the address given."""

    def __init__(self, port: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._port = port
        self._headers = headers  # of every request
        self._idle: dict[str, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {}

    async def ask(self, request: Request, *, address: str = "127.0.0.1") -> Answer:
        """Return the answer; a connection that the server had closed meanwhile is made anew, once.

        Raises ConnectionError or asyncio.IncompleteReadError when there is none.
        """
        started = perf_counter()
        idle = self._idle.setdefault(address, [])
        while idle:
            reader, writer = idle.pop()
            if writer.is_closing() or reader.at_eof():
                writer.close()
                continue
            try:
                return await self._exchange(reader, writer, request, address, started)
            except (ConnectionError, asyncio.IncompleteReadError):
                break
        connecting = asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(address, 0), limit=HEAD_LIMIT_BYTES
        )  # fmt: skip
        return await self._exchange(*await connecting, request, address, started)

    async def close(self) -> None:
        """Hang up."""
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()
        self._idle.clear()
        await asyncio.sleep(0)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request, address: str, started: float
    ) -> Answer:
        try:
            writer.write(request.encoded(self._headers))
            status, headers = read_head(await reader.readuntil(b"\r\n\r\n"))
            body = await _body(reader, headers)
        except BaseException:
            writer.transport.abort()
            raise
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.setdefault(address, []).append((reader, writer))
        return Answer(status, headers, body, perf_counter() - started)


def read_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Return the status and the headers, their names in lower case."""
    status_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.partition(":") for line in lines)
    return int(status_line.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(parts)
    return await reader.readexactly(int(headers.get("content-length", 0)))
