"""Rows that cannot be understood: kept in `quarantine` with the reason, counted and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo.errors import BulkWriteError

from retention.store import schema
from retention.store.transactions import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from retention.lines.rules import Rejection
    from retention.store.connection import Database


class QuarantineCount(NamedTuple):
    """How many rows of one load were put aside for one reason."""

    load_id: str
    description: str
    reason: str
    rows: int


def put_aside(
    database: Database,
    load_id: str,
    rejected: Sequence[tuple[int, Rejection]],
    *,
    expires_at: datetime | None = None,
) -> None:
    """Keep the rejected rows by their number, once however often the load or request runs; until `expires_at`."""
    if not rejected:
        return
    expiry = {"expires_at": expires_at} if expires_at else {}
    rows = [{"_id": {"load": load_id, "row": row}, **rejection._asdict(), **expiry} for row, rejection in rejected]
    try:
        database[schema.QUARANTINE].insert_many(rows, ordered=False)
    except BulkWriteError as error:
        duplicates([*error.details["writeErrors"], *error.details["writeConcernErrors"]])


def counts(database: Database) -> list[QuarantineCount]:
    """Return how many rows each load put aside, by reason, ordered by load."""
    groups = database[schema.QUARANTINE].aggregate([
        {"$group": {"_id": {"load": "$_id.load", "reason": "$reason"}, "rows": {"$sum": 1}}},
        {"$lookup": {"from": schema.LOADS, "localField": "_id.load", "foreignField": "_id", "as": "loads"}},
        {"$sort": {"_id": 1}},
    ])  # fmt: skip
    return [
        QuarantineCount(
            group["_id"]["load"],
            next((load["description"] for load in group["loads"]), "a load of which nothing was kept"),
            group["_id"]["reason"],
            group["rows"],
        )
        for group in groups
    ]


def rows_of(database: Database, load_id: str) -> Iterator[dict[str, Any]]:
    """Return the rows that a load put aside, in their order."""
    return database[schema.QUARANTINE].find({"_id.load": load_id}, sort=[("_id", 1)])
