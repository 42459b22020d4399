"""The HTTP parser, with the limit that it lacks (how long the head of a request may be) and our form of error."""

from __future__ import annotations

import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.errors import HEAD_TOO_LARGE, INVALID_HTTP, MAX_HEAD_BYTES, Rule, problem_document


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's line and headers pass MAX_HEAD_BYTES; nothing is kept of them."""

    _in_head = True
    _fed_bytes = 0  # since the last complete head

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and refuse a head that does not end."""
        if self._in_head:
            self._fed_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._fed_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Start to count."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: a body has its own limit. Raises, and the parser stops, when the head came whole but large."""
        self._in_head = False
        self._fed_bytes = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)
            raise ValueError(HEAD_TOO_LARGE.title)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words are not ours
        """Answer what is not HTTP; called by the parser for every error of its own."""
        if not self.transport.is_closing():
            self._refuse(INVALID_HTTP)

    def _refuse(self, rule: Rule) -> None:
        body = json.dumps(problem_document(rule)).encode()
        head = (
            f"HTTP/1.1 {rule.status} {rule.title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
