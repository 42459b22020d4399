"""A request to add lines: its content, its identity and its answer. No clock, no database."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from inference.transaction.reading import LineReader, ShopFacts
from retention.clock import rfc3339
from retention.lines.dates import ISO
from retention.lines.documents import LineEncoder
from retention.lines.rules import Rejection
from retention.store.ledger import Ledger
from retention.store.request_loads import REQUEST_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from inference.transaction.requests import Rows
    from inference.transaction.responses import Ingested

Refreshed: TypeAlias = "Mapping[datetime, Sequence[int]]"  # customers, by the instant their features are now as of

LINES_AT_ONCE: Final = 50  # 1 to 3 ms, in which no other request is served


class Post(NamedTuple):
    """One request: its lines as documents, and its rejected rows by number (the first is 1)."""

    load_id: str
    body_sha256: str
    size: int  # bytes
    at: datetime
    pointer: str  # of the list of lines
    documents: list[bytes]
    rejected: list[tuple[int, Rejection]]
    references: Mapping[int, str]  # the text ids of its customers, by number
    currency: str | None  # the shop's, or the first that a line states
    replace_orders: bool

    @property
    def line_count(self) -> int:
        """All lines of the request."""
        return len(self.documents) + len(self.rejected)


class Reply(NamedTuple):
    """An answer, and whether it was given before."""

    answer: Ingested
    replayed: bool
    touched: Collection[int] = ()  # the customers whose data was derived again


def load_id(key: str | None) -> str:
    """Return the id of a request's record: the same for the same key, a new one without a key."""
    return REQUEST_PREFIX + (uuid.uuid4().hex if key is None else hashlib.sha256(key.encode()).hexdigest())


async def read_post(rows: Rows, body: bytes, key: str | None, at: datetime, facts: ShopFacts) -> Post:
    """Return the request with these rows, received `at`; other requests are served in between."""
    documents: list[bytes] = []
    rejected: list[tuple[int, Rejection]] = []
    reader = LineReader(facts)
    encoder = LineEncoder(ISO, facts.latest)
    for number, one in enumerate(encoder.encode(map(reader.row, rows.lines)), 1):
        if isinstance(one, Rejection):
            rejected.append((number, one))
        else:
            documents.append(reader.marked(one, rows.lines[number - 1]))
        if number % LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
    sha256 = hashlib.sha256(body).hexdigest()
    return Post(
        load_id(key),
        sha256,
        len(body),
        at,
        rows.pointer,
        documents,
        rejected,
        reader.identity.drain(),
        reader.currency,
        rows.replace_orders,
    )


def ledger(post: Post, duplicate: int) -> Ledger:
    """Return the account of the request; `duplicate` of its lines were stored already."""
    account = Ledger()
    account.add(len(post.documents), len(post.documents) - duplicate, [rejection for _, rejection in post.rejected])
    return account


def answer(post: Post, account: Ledger, refreshed: Refreshed) -> Ingested:
    """Return the body of the answer."""
    return {
        "rows_in": account.read,
        "inserted": account.inserted,
        "duplicate": account.already_there,
        "quarantined": dict(sorted(account.quarantined.items())),
        "erased": account.erased,
        "load_id": post.load_id,
        "rejected": [
            {"pointer": f"{post.pointer}/{number - 1}", "field": rejection.field, "reason": rejection.reason}
            for number, rejection in post.rejected
        ],
        "refreshed": [
            {"as_of": rfc3339(as_of), "customers": len(customer_ids)}
            for as_of, customer_ids in sorted(refreshed.items())
        ],
    }
