"""A load generator: a number of connections with one request in flight on each, on one core, without a framework."""

from __future__ import annotations

import select
import socket
from array import array
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.server import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENCE_S: Final = 5
REFUSED: Final = 0.01  # accepted share: on a busy machine the database may miss its 0.5 s deadline
_OK: Final = b"HTTP/1.1 200"
_LENGTH: Final = b"content-length: "


class Measured(NamedTuple):
    """Answers per second, and their median and 99th percentile latency in milliseconds."""

    per_s: float
    p50_ms: float
    p99_ms: float


def post(path: str, body: bytes, headers: str) -> bytes:
    """Return the bytes of a POST request."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: Iterator[bytes], connections: int, *, seconds: float, warm_up_s: float) -> Measured:
    """Send the next request as soon as an answer arrives.

    BenchError if more than REFUSED of the answers are not 200, or if none arrives for SILENCE_S.
    """
    took, refused, last = array("d"), 0, b""
    with ExitStack() as stack, select.epoll() as ready:
        sockets = {}
        for _ in range(connections):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(one, select.EPOLLIN)
            sockets[one.fileno()] = one
        received = dict.fromkeys(sockets, b"")
        asked_at = dict.fromkeys(sockets, 0.0)
        for number, one in sockets.items():
            asked_at[number] = perf_counter()
            one.sendall(next(requests))
        began = perf_counter() + warm_up_s
        end = began + seconds
        now = 0.0
        while now < end:
            events = ready.poll(SILENCE_S)
            if not events:
                raise BenchError(f"no answer for {SILENCE_S} s at {connections} connections")
            for number, _ in events:
                answer = received[number] + _more(sockets[number])
                if not _is_whole(answer):
                    received[number] = answer
                    continue
                received[number] = b""
                now = perf_counter()
                if not answer.startswith(_OK):
                    refused, last = refused + 1, answer
                elif now >= began:
                    took.append(now - asked_at[number])
                asked_at[number] = now
                sockets[number].send(next(requests))
    if not took or refused > REFUSED * len(took):
        raise BenchError(f"{refused} of {refused + len(took)} requests failed, the last with {last[:200]!r}")
    in_order = sorted(took)
    return Measured(len(took) / (now - began), 1000 * _quantile(in_order, 0.5), 1000 * _quantile(in_order, 0.99))


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise BenchError("the server closed a connection")
    return part


def _is_whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    start = answer.index(_LENGTH, 0, head) + len(_LENGTH)
    return len(answer) >= head + 4 + int(answer[start : answer.index(b"\r\n", start)])


def _quantile(in_order: list[float], share: float) -> float:
    return in_order[min(int(share * len(in_order)), len(in_order) - 1)]
