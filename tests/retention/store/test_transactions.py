"""Lines on their way in, on a real MongoDB: each is inserted once, and whom they touch is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pymongo.errors import OperationFailure

from retention.lines.dates import ISO
from retention.lines.documents import LineEncoder
from retention.lines.rules import Reading, Rejection, latest_instant
from retention.store import quarantine, schema, transactions
from retention.store.connection import journaled

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

NOW = datetime(2012, 1, 1, tzinfo=UTC)


def encoded(*rows: tuple[str, int | None]) -> list[bytes]:
    """Return documents of lines of these invoices and customers."""
    lines = [(invoice, "A", "THING", 1, "2011-12-01", 2.5, customer, "France") for invoice, customer in rows]
    return [one for one in LineEncoder(Reading(ISO, latest_instant(NOW))).encode(lines) if isinstance(one, bytes)]


def test_only_what_is_missing_is_found_missing(database: Db) -> None:
    first, both = encoded(("1", 7)), encoded(("1", 7), ("2", 7))
    assert transactions.is_empty(database)
    assert transactions.insert(journaled(database), first) == 0
    assert not transactions.is_empty(database)
    assert transactions.missing(database, both) == both[1:]


def test_what_another_writer_inserted_meanwhile_is_counted_and_the_rest_goes_in(database: Db) -> None:
    transactions.insert(database, encoded(("1", 7), ("2", 7)))
    assert transactions.insert(database, encoded(("1", 7), ("2", 7), ("3", 7))) == 2
    assert database[schema.TRANSACTIONS].count_documents({}) == 3


def test_documents_beyond_one_message_go_in_several(database: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = encoded(*((str(invoice), 7) for invoice in range(50)))
    monkeypatch.setattr(transactions, "MAX_MESSAGE", 3 * len(documents[0]))
    assert transactions.insert(database, documents) == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 50


def test_nothing_to_insert_is_no_error(database: Db) -> None:
    assert transactions.insert(database, []) == 0


def test_lines_that_the_server_refuses_are_an_error(database: Db) -> None:
    database.create_collection(schema.TRANSACTIONS, validator={"InvoiceNo": {"$ne": "1"}})
    with pytest.raises(OperationFailure, match="failed validation"):
        transactions.insert(database, encoded(("1", 7)))


def test_lines_touch_their_customers_invoices_and_a_line_without_a_customer_nobody() -> None:
    assert transactions.touched(encoded(("1", 7), ("1", 8), ("2", 7), ("3", None))) == {(7, "1"), (8, "1"), (7, "2")}


def test_a_rejected_row_is_kept_once_and_counted_by_load_and_reason(database: Db) -> None:
    rejected = [(4, Rejection("Quantity_missing", "Quantity", ["1", ""])), (9, Rejection("columns", "", ["1"]))]
    for _ in range(2):
        quarantine.add(database, "sha256:a", rejected)
    quarantine.add(database, "request:b", rejected[:1], expires_at=NOW)
    database[schema.LOADS].insert_one({"_id": "sha256:a", "description": "lines.csv"})
    gone = "a load without a record"
    assert quarantine.counts(database) == [
        ("request:b", gone, "Quantity_missing", 1),
        ("sha256:a", "lines.csv", "Quantity_missing", 1),
        ("sha256:a", "lines.csv", "columns", 1),
    ]
    assert [row["_id"]["row"] for row in quarantine.rows_of(database, "sha256:a")] == [4, 9]
    assert database[schema.QUARANTINE].distinct("expires_at") == [NOW]
