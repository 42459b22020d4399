"""The HTTP parser, with the limits that it lacks (how long a request may be, and how slow) and our form of error."""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.http.large_bodies import WAIT_S
from inference.http.problems import (
    HEAD_TOO_LARGE,
    INVALID_HTTP,
    LARGE_BODIES,
    MAX_HEAD_BYTES,
    RECEIVE_S,
    REQUEST_TIMEOUT,
    RETRY_AFTER_S,
    TOO_MANY_CONNECTIONS,
    Rule,
    problem_document,
)
from inference.http.rate_limit import caller
from inference.http.request_log import REFUSED, UNMATCHED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Container

    Count = Callable[[str, str, int, float], None]

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES: Final = 1 << 20  # a body of 64 KiB in chunks of one byte each takes 0.4 MB
SEND_S: Final = 30  # for a client to read what it asked for, once it has let 64 KiB of it wait
_MORE_BYTES: Final = {path.encode(): more for path, more in LARGE_BODIES.items()}  # for a large body itself


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 when a request's line and headers pass MAX_HEAD_BYTES, 408 when they or its body take RECEIVE_S.

    Hangs up on a request that goes on long after any body we accept (chunks of a byte, trailers without end), on who
    connects and says nothing, and on who does not read. A request that comes whole, as nearly all do, sets no timer.

    One address may have `most` connections, so that no one takes all the descriptors there are; a trusted proxy,
    which brings everybody's, as many as it likes.
    """

    most: ClassVar[int] = 512
    proxies: ClassVar[Container[str]] = ()
    by_address: ClassVar[Counter[str]] = Counter()
    count: ClassVar[Count] = lambda *_: None  # what is refused before it is a request

    _address: str | None = None  # counted in by_address
    _in_head = False
    _whole = True  # there is no request of which a part is still to come
    _fed_bytes = 0  # of it
    _head_bytes = 0
    _max_bytes = MAX_REQUEST_BYTES
    _deadline: asyncio.TimerHandle | None = None  # for the client to go on
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
        self._keep_no(self._deadline)
        self._keep_no(self._unread)
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
            self._mind_the_time()

    def _mind_the_time(self) -> None:
        """Have a deadline while it is the client's turn, none while it is ours."""
        if self._whole and self.cycle is not None and not self.cycle.response_complete:
            self._keep_no(self._deadline)
            self._deadline = None
        elif self._deadline is None:
            more = WAIT_S if self._max_bytes > MAX_REQUEST_BYTES else 0  # a large body may wait for its place, unread
            self._deadline = self.loop.call_later(RECEIVE_S + more, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.pipeline:  # it is we who do not read on, before the requests in front are answered
            self._deadline = self.loop.call_later(RECEIVE_S, self._too_slow)
        elif self._in_head and self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the answer to the request in front comes first, and is the last
        elif self._whole or self._answering():
            self.transport.close()
        else:
            self._refuse(REQUEST_TIMEOUT)

    def _answering(self) -> bool:
        """Return whether the request under way has an answer already: its body was not waited for."""
        return not self._in_head and self.cycle is not None and self.cycle.response_started

    def on_message_begin(self) -> None:
        """Start to count."""
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
        """Keep a header; drop a trailer, which nobody reads and of which there may be any number."""
        if self._in_head:
            self._count_head(len(name) + len(value))
            super().on_header(name, value)

    def _count_head(self, length: int) -> None:
        """Count these bytes; raises, and the parser stops, as soon as the head is too large, though it came whole."""
        self._head_bytes += length
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)
            raise ValueError(HEAD_TOO_LARGE.title)

    def on_headers_complete(self) -> None:
        """Stop counting: a body has limits of its own."""
        self._in_head = False
        self._keep_no(self._deadline)
        self._deadline = None
        self._max_bytes += _MORE_BYTES.get(self.url.partition(b"?")[0], 0)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that all is there."""
        self._whole = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Give a client that does not read SEND_S to go on."""
        super().pause_writing()
        self._unread = self.loop.call_later(SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._keep_no(self._unread)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words are not ours
        """Answer what is not HTTP; called by the parser for every error of its own."""
        if not self.transport.is_closing():
            self._refuse(INVALID_HTTP)

    @staticmethod
    def _keep_no(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _refuse(self, rule: Rule) -> None:
        """Answer, and hang up. A request whose body is waited for has an id, and is counted and logged by its own."""
        asked = self._asked()
        request_id = asked.get("request_id") or uuid.uuid4().hex
        if asked:
            asked[REFUSED] = rule.status
        else:
            type(self).count(UNMATCHED, UNMATCHED, rule.status, 0.0)
            logger.info("refused", extra={"status": rule.status, "code": rule.code, "request_id": request_id})
        body = json.dumps(problem_document(rule, request_id)).encode()
        retry = f"retry-after: {RETRY_AFTER_S}\r\n" if rule.passes else ""
        head = (
            f"HTTP/1.1 {rule.status} {rule.title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nx-content-type-options: nosniff\r\n"
            f"cache-control: no-store\r\n{retry}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _asked(self) -> dict[str, Any]:
        """Return the state of the request that waits for its body; empty when there is none."""
        waits = not (self._in_head or self._whole) and self.cycle is not None and not self.cycle.response_complete
        return self.cycle.scope["state"] if waits else {}


def protocol_for(most: int, proxies: Container[str], count: Count) -> type[BoundedProtocol]:
    """Return the protocol of one server: `most` connections per address, but for these proxies."""
    own = {"most": most, "proxies": proxies, "by_address": Counter(), "count": count}
    return type("Protocol", (BoundedProtocol,), own)
