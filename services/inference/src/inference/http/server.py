"""The HTTP protocol class of uvicorn, with limits it lacks: request size, time to receive, connections per address."""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.http.admission import LARGE_WAIT_S
from inference.http.context import find_context
from inference.http.problems import (
    HEAD_TOO_LARGE,
    INVALID_HTTP,
    LARGE_BODIES,
    MAX_HEAD_BYTES,
    RECEIVE_S,
    REQUEST_TIMEOUT,
    RETRY_AFTER_S,
    TOO_MANY_CONNECTIONS,
    problem_document,
)
from inference.http.rate_limit import caller
from inference.http.request_log import UNMATCHED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Container

    from starlette.types import Scope

    from inference.http.context import RequestContext
    from inference.http.problems import ProblemType

    Count = Callable[[str, str, int, float], None]

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES: Final = 1 << 20  # a body of 64 KiB in chunks of one byte each takes 0.4 MB
SEND_S: Final = 30  # for a client to go on reading, once 64 KiB of its answer wait
_MORE_BYTES: Final = {path.encode(): more for path, more in LARGE_BODIES.items()}  # for a large body


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 when a request head passes MAX_HEAD_BYTES, 408 when head or body take longer than RECEIVE_S.

    Closes the connection of a request that goes on long after any accepted body (one-byte chunks, endless trailers),
    of a client that connects and sends nothing, and of one that does not read. A request that arrives whole, as
    nearly all do, sets no timer.

    An address may have `most` connections, so that one client cannot take all descriptors; a trusted proxy, which
    carries the connections of many, has no such limit.
    """

    most: ClassVar[int] = 512
    proxies: ClassVar[Container[str]] = ()
    by_address: ClassVar[Counter[str]] = Counter()
    count: ClassVar[Count] = lambda *_: None  # counts requests refused before the application

    _address: str | None = None  # counted in by_address
    _in_head = False
    _whole = True  # no part of a request is outstanding
    _fed_bytes = 0  # of the current request
    _head_bytes = 0
    _max_bytes = MAX_REQUEST_BYTES
    _deadline: asyncio.TimerHandle | None = None  # for the client to send more
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait for its first request."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        if host not in self.proxies:
            self._address = caller(host)
            self.by_address[self._address] += 1
            if self.by_address[self._address] > self.most:
                self._refuse(TOO_MANY_CONNECTIONS)
                return
        self._deadline = self.loop.call_later(RECEIVE_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._cancel(self._deadline)
        self._cancel(self._unread)
        if self._address is not None:
            self.by_address[self._address] -= 1
            if not self.by_address[self._address]:
                del self.by_address[self._address]

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and refuse a request that does not end."""
        self._fed_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._fed_bytes > MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)
        elif self._fed_bytes > self._max_bytes:
            self.transport.close()
        else:
            self._set_deadline()

    def _set_deadline(self) -> None:
        """Set a deadline while the client must send, none while we answer."""
        if self._whole and self.cycle is not None and not self.cycle.response_complete:
            self._cancel(self._deadline)
            self._deadline = None
        elif self._deadline is None:
            more = LARGE_WAIT_S if self._max_bytes > MAX_REQUEST_BYTES else 0  # a large body may wait for its lane
            self._deadline = self.loop.call_later(RECEIVE_S + more, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.pipeline:  # we stopped reading until earlier requests are answered
            self._deadline = self.loop.call_later(RECEIVE_S, self._too_slow)
        elif self._in_head and self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the connection closes after the answer to the earlier request
        elif self._whole or self._answering():
            self.transport.close()
        else:
            self._refuse(REQUEST_TIMEOUT)

    def _answering(self) -> bool:
        """Return whether the current request is being answered already, without waiting for its body."""
        return not self._in_head and self.cycle is not None and self.cycle.response_started

    def on_message_begin(self) -> None:
        """Start counting the bytes of a new request."""
        self._in_head = True
        self._whole = False
        self._fed_bytes = 0
        self._head_bytes = 0
        self._max_bytes = MAX_REQUEST_BYTES
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Keep a part of the request line."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop a trailer, which is never read and may repeat without end."""
        if self._in_head:
            self._count_head(len(name) + len(value))
            super().on_header(name, value)

    def _count_head(self, length: int) -> None:
        """Count these bytes; raise, which stops the parser, once the head is too large, even if it arrived whole."""
        self._head_bytes += length
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)
            raise ValueError(HEAD_TOO_LARGE.title)

    def on_headers_complete(self) -> None:
        """Stop counting: a body has limits of its own."""
        self._in_head = False
        self._cancel(self._deadline)
        self._deadline = None
        self._max_bytes += _MORE_BYTES.get(self.url.partition(b"?")[0], 0)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._whole = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Abort the connection if the client reads nothing for SEND_S."""
        super().pause_writing()
        self._unread = self.loop.call_later(SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client reads again."""
        self._cancel(self._unread)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's message is not shown
        """Answer 400; the parser calls this for each of its errors."""
        if not self.transport.is_closing():
            self._refuse(INVALID_HTTP)

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _refuse(self, problem: ProblemType) -> None:
        """Answer and close. A request that waits for its body has an id already; RequestLog counts and logs it."""
        context = self._waiting()
        request_id = context.request_id if context else uuid.uuid4().hex
        if context:
            context.refused_status = problem.status
        else:
            type(self).count(UNMATCHED, UNMATCHED, problem.status, 0.0)
            logger.info("refused", extra={"status": problem.status, "code": problem.code, "request_id": request_id})
        body = json.dumps(problem_document(problem, request_id)).encode()
        retry = f"retry-after: {RETRY_AFTER_S}\r\n" if problem.transient else ""
        head = (
            f"HTTP/1.1 {problem.status} {problem.title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nx-content-type-options: nosniff\r\n"
            f"cache-control: no-store\r\n{retry}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _waiting(self) -> RequestContext | None:
        """Return the context of the request that waits for its body, or None."""
        waits = not (self._in_head or self._whole) and self.cycle is not None and not self.cycle.response_complete
        return find_context(cast("Scope", self.cycle.scope)) if waits else None


def protocol_for(most: int, proxies: Container[str], count: Count) -> type[BoundedProtocol]:
    """Return the protocol class of one server: `most` connections per address, without limit for the proxies."""
    own = {"most": most, "proxies": proxies, "by_address": Counter(), "count": count}
    return type("Protocol", (BoundedProtocol,), own)
