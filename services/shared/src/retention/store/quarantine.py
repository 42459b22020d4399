"""Rows that cannot be understood: kept in `quarantine` with the reason, counted and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo.errors import BulkWriteError

from retention.store import schema
from retention.store.transactions import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from retention.lines.rules import Rejection
    from retention.store.connection import Database


class QuarantineCount(NamedTuple):
    """How many rows of one load were quarantined for one reason."""

    load_id: str
    description: str
    reason: str
    rows: int


def add(
    database: Database,
    load_id: str,
    rejected: Sequence[tuple[int, Rejection]],
    *,
    expires_at: datetime | None = None,
) -> None:
    """Add the rejected rows by their number, until `expires_at`; a repeated load or request adds nothing."""
    if not rejected:
        return
    expiry = {"expires_at": expires_at} if expires_at else {}
    rows = [{"_id": {"load": load_id, "row": row}, **rejection._asdict(), **expiry} for row, rejection in rejected]
    try:
        database[schema.QUARANTINE].insert_many(rows, ordered=False)
    except BulkWriteError as error:
        duplicates([*error.details["writeErrors"], *error.details["writeConcernErrors"]])


def present(database: Database, rows: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return which of these rows, each a load and a number, are quarantined."""
    found = database[schema.QUARANTINE].find({"_id": {"$in": _ids(rows)}}, {"_id": 1})
    return {(row["_id"]["load"], row["_id"]["row"]) for row in found}


def remove(database: Database, rows: Iterable[tuple[str, int]]) -> None:
    """Delete rows that came in after all; those that are gone already do not matter."""
    database[schema.QUARANTINE].delete_many({"_id": {"$in": _ids(rows)}})


def _ids(rows: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"load": load, "row": row} for load, row in rows]


def counts(database: Database) -> list[QuarantineCount]:
    """Return how many rows of each load are quarantined, by reason, ordered by load."""
    groups = database[schema.QUARANTINE].aggregate([
        {"$group": {"_id": {"load": "$_id.load", "reason": "$reason"}, "rows": {"$sum": 1}}},
        {"$lookup": {"from": schema.LOADS, "localField": "_id.load", "foreignField": "_id", "as": "loads"}},
        {"$sort": {"_id": 1}},
    ])  # fmt: skip
    return [
        QuarantineCount(
            group["_id"]["load"],
            next((load["description"] for load in group["loads"]), "a load without a record"),
            group["_id"]["reason"],
            group["rows"],
        )
        for group in groups
    ]


def rows_of(database: Database, load_id: str) -> Iterator[dict[str, Any]]:
    """Return a load's quarantined rows, in their order."""
    return database[schema.QUARANTINE].find({"_id.load": load_id}, sort=[("_id", 1)])
