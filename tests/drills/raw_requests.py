"""Requests byte by byte, and what may be answered to them."""

from __future__ import annotations

from typing import NamedTuple

CLOSED = 0  # hung up without an answer
WAITS = -1  # the request has no end yet: nothing is answered before it has, or its time is over

BY_ID = "/predict_churn_by_id"
GOOD = b'{"customer_id": 12347}'
LONG = "do-not-repeat-me-" * 8  # over 64 characters


class Case(NamedTuple):
    """What is sent, which statuses may come back, and how many answers do."""

    name: str
    sent: bytes
    allowed: frozenset[int]
    answers: int = 1


REFUSED = frozenset({400, CLOSED})
INVALID = frozenset({422})
NOWHERE = frozenset({400, 404, 405})
FOUND = frozenset({200, 404})


def head(method: str, target: str | bytes, *lines: bytes | str, version: str = "HTTP/1.1", host: bool = True) -> bytes:
    """Return a request line and headers, and the empty line after them."""
    at = target if isinstance(target, bytes) else target.encode("latin-1")
    hosts = [b"Host: 127.0.0.1"] if host else []
    rest = [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    return b"\r\n".join([method.encode() + b" " + at + b" " + version.encode(), *hosts, *rest, b"", b""])


def post(path: str, body: bytes, *lines: bytes | str, media_type: str = "application/json") -> bytes:
    """Return a whole request with a body."""
    return head("POST", path, f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *lines) + body


def chunked(tail: bytes, *lines: bytes | str) -> bytes:
    """Return a request by id whose chunks are `tail`."""
    return head("POST", BY_ID, "Content-Type: application/json", "Transfer-Encoding: chunked", *lines) + tail
