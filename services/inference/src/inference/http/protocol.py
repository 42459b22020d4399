"""The HTTP parser, with the limit that it lacks (how long the head of a request may be) and our form of error."""

from __future__ import annotations

import json
import uuid
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.errors import HEAD_TOO_LARGE, INVALID_HTTP, LARGE_BODIES, MAX_HEAD_BYTES, Rule, problem_document

MAX_REQUEST_BYTES: Final = 1 << 20  # a body of 64 KiB in chunks of one byte each takes 0.4 MB
_MORE_BYTES: Final = {path.encode(): more for path, more in LARGE_BODIES.items()}  # for a large body itself


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's line and headers pass MAX_HEAD_BYTES; nothing is kept of them.

    Hangs up, too, on a request that goes on long after any body we accept: chunks of a byte, trailers without end.
    """

    _in_head = True
    _fed_bytes = 0  # of the request under way
    _max_bytes = MAX_REQUEST_BYTES

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

    def on_message_begin(self) -> None:
        """Start to count."""
        self._in_head = True
        self._fed_bytes = 0
        self._max_bytes = MAX_REQUEST_BYTES
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop a trailer, which nobody reads and of which there may be any number."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop counting: a body has its own limit. Raises, and the parser stops, when the head came whole but large."""
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)
            raise ValueError(HEAD_TOO_LARGE.title)
        self._max_bytes += _MORE_BYTES.get(self.url.partition(b"?")[0], 0)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words are not ours
        """Answer what is not HTTP; called by the parser for every error of its own."""
        if not self.transport.is_closing():
            self._refuse(INVALID_HTTP)

    def _refuse(self, rule: Rule) -> None:
        request_id = uuid.uuid4().hex
        body = json.dumps(problem_document(rule, request_id)).encode()
        head = (
            f"HTTP/1.1 {rule.status} {rule.title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nx-content-type-options: nosniff\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
