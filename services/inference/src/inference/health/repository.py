"""What the jobs that bring data have left in the database: a question to it, named for what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from inference.prediction.repository import Shared
from retention.store import schema

if TYPE_CHECKING:
    from datetime import datetime

    from inference.database.connection import Connection

AGE_S: Final = 15.0  # Prometheus asks as often; more readers do not make more questions


class Loaded(NamedTuple):
    """What was loaded from files: rows by what became of them and why, and the instant of the last transaction."""

    rows: dict[tuple[str, str], int]
    last_transaction_at: datetime | None  # None before the first


class Loads(Protocol):
    """What is asked about loads. UnavailableError within a second when it cannot be known."""

    async def loaded(self) -> Loaded:
        """Return what was loaded, at most AGE_S old."""


class MongoLoads:
    """Loads in MongoDB. Building it connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database
        self.loaded = Shared(self._ask, age_s=AGE_S)

    async def _ask(self) -> Loaded:
        async with self._connection.asking():
            groups: list[dict[str, Any]] = await self._db[schema.LOADS].aggregate(_ROWS).to_list(None)
            # The id begins with the seconds of the line: the greatest is found at once.
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
# A request's record expires after 30 days, so each process counts its requests itself: a count must not go back.
# While a load is at work its account stands in `ledger`, and when it is finished beside what else is known of it.
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
