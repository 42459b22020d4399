"""What a server says to bytes, and what is wrong with that."""

from __future__ import annotations

import json
import re
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from drills.keep_alive import read_head
from drills.raw_requests import CLOSED, WAITS, head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drills.raw_requests import Case

WITHIN_S = 2.0
WAITING_S = 0.5  # how long a request without an end is watched
MAX_ECHO = 64  # characters
AT_ONCE = 8
CONTINUE = 100
_LEAKS = re.compile(rb"Traceback|File \"|site-packages|/services/|mongodb://|\.py\b|pymongo|pydantic")
_MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}
_SEARCHED_BYTES = 100_000  # of what was sent: the largest bodies repeat themselves


class Spoken(NamedTuple):
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Heard(NamedTuple):
    """Everything that came back on one connection."""

    answers: list[Spoken]
    seconds: float
    closed: bool = False
    in_order: bool = True

    @property
    def statuses(self) -> set[int]:
        """What came back, CLOSED or WAITS when no answer did."""
        return {answer.status for answer in self.answers} or {CLOSED if self.closed else WAITS}


def trials(port: int, cases: Iterable[Case]) -> list[str]:
    """Send every case, AT_ONCE at a time; return what is wrong."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [f"{case.name}: {wrong}" for case, found in threads.map(lambda case: (case, trial(port, case)), cases)
                for wrong in found]  # fmt: skip


def trial(port: int, case: Case) -> list[str]:
    """Send one case and, on the same connection, a question that must get its own answer; return what is wrong."""
    heard = _say(port, case)
    found = [] if heard.statuses <= case.allowed else [f"answered {sorted(heard.statuses)}"]
    if heard.seconds > WITHIN_S:
        found.append(f"took {heard.seconds:.1f} s")
    if not heard.in_order:
        found.append("the next question got another's answer")
    return found + [wrong for answer in heard.answers for wrong in _wrong(case, answer)]


def _wrong(case: Case, answer: Spoken) -> list[str]:
    found = ["answered with a 5xx"] if answer.status >= 500 else []
    if _LEAKS.search(answer.body):
        found.append(f"tells of itself: {answer.body[:300]!r}")
    if answer.status < 400:
        return found
    whole = repr(sorted(answer.headers.items())).encode() + answer.body
    sent = case.sent[:_SEARCHED_BYTES]
    if any(whole[at : at + MAX_ECHO + 1] in sent for at in range(len(whole) - MAX_ECHO)):
        found.append("repeats what was sent")
    if case.sent.startswith(b"POST / ") and answer.headers.get("content-type") == "text/html; charset=utf-8":
        return found  # a person's form, and a page that says what is wrong with it
    if answer.headers.get("content-type") != "application/problem+json":
        found.append(f"is no problem: {answer.headers.get('content-type')}")
    elif answer.body and _is_malformed(answer):
        found.append(f"is a malformed problem: {answer.body[:300]!r}")
    return found


def _is_malformed(answer: Spoken) -> bool:
    problem = json.loads(answer.body)
    named = answer.headers.get("x-request-id")
    return set(problem) != _MEMBERS or problem["status"] != answer.status or problem["request_id"] != named


def _say(port: int, case: Case) -> Heard:
    started = time.perf_counter()
    waits_for = WAITING_S if WAITS in case.allowed else WITHIN_S + 1
    answers: list[Spoken] = []
    with socket.create_connection(("127.0.0.1", port), timeout=waits_for) as connection:
        with suppress(ConnectionError):
            connection.sendall(case.sent)  # it may hang up before it has read everything, with an answer or without
        with connection.makefile("rb") as stream:
            try:
                answers.extend(_read(stream) for _ in range(case.answers))
                seconds = time.perf_counter() - started
                return Heard(answers, seconds, in_order=_next_is_ours(connection, stream))
            except TimeoutError:
                return Heard(answers, 0 if WAITS in case.allowed else waits_for)
            except (ConnectionError, EOFError):
                return Heard(answers, time.perf_counter() - started, closed=True)


def _read(stream: BinaryIO) -> Spoken:
    """Return the next answer; EOFError when there is none."""
    lines = b""
    while not lines.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            raise EOFError
        lines += line
    status, headers = read_head(lines)
    if status == CONTINUE:
        return _read(stream)
    if headers.get("transfer-encoding") != "chunked":
        return Spoken(status, headers, stream.read(int(headers.get("content-length", 0))))
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return Spoken(status, headers, body)


def _next_is_ours(connection: socket.socket, stream: BinaryIO) -> bool:
    """Tell whether the next question on the connection gets its own answer, a 400, or none: no other's."""
    ours = uuid.uuid4().hex
    try:
        connection.sendall(head("GET", "/livez", f"X-Request-ID: {ours}"))
        answer = _read(stream)
    except (OSError, EOFError):
        return True
    return answer.status >= 400 or answer.headers.get("x-request-id") == ours
