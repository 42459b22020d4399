"""Queries about loads: rows by outcome, and the last transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from inference.database.shared import SharedAnswer
from retention.store import schema

if TYPE_CHECKING:
    from datetime import datetime

    from inference.database.connection import Connection

AGE_S: Final = 15.0  # the scrape interval; more scrapers do not make more queries


class Loaded(NamedTuple):
    """What was loaded from files: rows by outcome and reason, and the instant of the last transaction."""

    rows: dict[tuple[str, str], int]
    last_transaction_at: datetime | None  # None before the first


class Loads(Protocol):
    """What the API asks about loads. UnavailableError within a second if it cannot know."""

    async def loaded(self) -> Loaded:
        """Return what was loaded, at most AGE_S old."""


class MongoLoads:
    """Loads in MongoDB. The constructor connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database
        self.loaded = SharedAnswer(self._find, age_s=AGE_S)

    async def _find(self) -> Loaded:
        async with self._connection.asking():
            groups: list[dict[str, Any]] = await self._db[schema.LOADS].aggregate(_ROWS).to_list(None)
            # An id starts with the seconds of its line, so the greatest id is the last line: no scan.
            last: dict[str, Any] | None = await self._db[schema.TRANSACTIONS].find_one(
                {}, {"_id": 0, "InvoiceDate": 1}, sort=[("_id", -1)]
            )
        rows = {(group["_id"]["result"], group["_id"]["reason"]): int(group["rows"]) for group in groups}
        return Loaded(rows, last["InvoiceDate"] if last else None)


def _count(result: str, field: str) -> dict[str, Any]:
    return {"result": result, "reason": "", "rows": f"$account.{field}"}


_QUARANTINED: Final = {
    "$map": {
        "input": {"$objectToArray": "$account.quarantined"},
        "in": {"result": "quarantined", "reason": "$$this.k", "rows": "$$this.v"},
    }
}
# Records of requests expire after 30 days, and a counter must not decrease: each process counts its own requests.
# The counts of a running load are in `ledger`, those of a finished one in the record itself.
_ROWS: Final[list[dict[str, Any]]] = [
    {"$match": {"body_sha256": None}},
    {"$project": {"account": {"$ifNull": ["$ledger", "$$ROOT"]}}},
    {"$match": {"account.inserted": {"$exists": True}}},
    {
        "$project": {
            "count": {
                "$concatArrays": [
                    [_count("inserted", "inserted"), _count("duplicate", "already_there"), _count("erased", "erased")],
                    _QUARANTINED,
                ]
            }
        }
    },
    {"$unwind": "$count"},
    {
        "$group": {
            "_id": {"result": "$count.result", "reason": "$count.reason"},
            "rows": {"$sum": "$count.rows"},
        }
    },
]
