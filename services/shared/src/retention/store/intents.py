"""Replaces stored orders by an intent: written first, then applied, and forgotten once its customers are derived.

A kill between any two steps leaves the intent open. Whoever derives next applies it before it reads a line, so it
sees the old orders or the new ones. Several may apply an intent at once, and one of them may stall and go on much
later, after a later intent for the same orders: no step of an earlier intent changes a line that stands in a later
load. Lines of a line feed have no `Load`; the intent gives those it knows the number 0, and touches no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from retention.store import schema
from retention.store.departed import hold
from retention.store.request_loads import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retention.features.pipelines import Pipeline, Touched
    from retention.store.connection import Database

OPEN: Final = "open"
APPLIED: Final = "applied"
MAX_BYTES: Final = 8 << 20  # of the lines of one intent, unless a single order has more; a document has 16 MB at most

_EARLIER: Final = {"$lt": [{"$ifNull": ["$Load", 0]}, "$$new.Load"]}


class Intent(NamedTuple):
    """What is to be done, without the lines: they stay in the database."""

    intent_id: ObjectId
    load_id: str
    sequence: int
    invoices: list[str]
    touched: list[tuple[int, str]]

    @property
    def superseded(self) -> dict[str, Any]:
        """The filter for lines that the new ones take the place of. Lines without `Load` are never among them."""
        return {"InvoiceNo": {"$in": self.invoices}, "Load": {"$lt": self.sequence}}


class Waiting(NamedTuple):
    """Intents that were applied and whose customers are not derived yet."""

    intent_ids: list[ObjectId]
    touched: set[tuple[int, str]]


def write(
    database: Database,
    load_id: str,
    sequence: int,
    lines: Sequence[bytes],
    *,
    invoices: Sequence[str],
    unstamped: Sequence[ObjectId],
    touched: Touched,
) -> Intent:
    """Journal that `lines`, which carry `sequence` as their `Load`, replace these orders.

    `unstamped` are the ids of their stored lines without `Load`; `touched` covers the old lines and the new.
    """
    intent = Intent(ObjectId(), load_id, sequence, list(invoices), sorted(touched))
    database[schema.INTENTS].insert_one(
        {
            "_id": intent.intent_id,
            "state": OPEN,
            "load": load_id,
            "sequence": sequence,
            "invoices": intent.invoices,
            "touched": [list(pair) for pair in intent.touched],
            "unstamped": list(unstamped),
            "lines": [RawBSONDocument(line) for line in lines],
        }
    )
    return intent


def apply_open(database: Database) -> None:
    """Apply every intent that was written and not applied, the earliest load's first."""
    found = database[schema.INTENTS].find({"state": OPEN}, {"lines": 0, "unstamped": 0}, sort=[("sequence", 1)])
    for each in list(found):
        touched = [(customer_id, invoice) for customer_id, invoice in each["touched"]]
        apply(database, Intent(each["_id"], each["load"], each["sequence"], each["invoices"], touched))


def apply(database: Database, intent: Intent) -> None:
    """Replace the orders; to do it twice, or to go on after somebody else did it, changes nothing."""
    if database[schema.INTENTS].find_one({"_id": intent.intent_id, "state": OPEN}, {"_id": 1}):
        for step in STEPS:
            step(database, intent)


def _hold(database: Database, intent: Intent) -> None:
    """Keep derivations that began before the intent was written from making anything of half an order."""
    hold(database, intent.touched)


def _stamp(database: Database, intent: Intent) -> None:
    """Give the known lines of a line feed the number 0: from now on they are lines of an earlier load."""
    stamped = {"$set": {"Load": {"$ifNull": ["$Load", 0]}}}
    merge = {"into": schema.TRANSACTIONS, "on": "_id", "whenMatched": [stamped], "whenNotMatched": "discard"}
    ids: Pipeline = [{"$unwind": "$unstamped"}, {"$project": {"_id": "$unstamped"}}]
    database[schema.INTENTS].aggregate([*_if_open(intent), *ids, {"$merge": merge}])


def _keep_superseded(database: Database, intent: Intent) -> None:
    keys = {"_id": {"load": {"$literal": intent.load_id}, "line": "$_id"}}
    merge = {"into": schema.SUPERSEDED, "on": "_id", "whenMatched": "keepExisting", "whenNotMatched": "insert"}
    copied = {"$replaceWith": {"$mergeObjects": ["$$ROOT", keys]}}
    database[schema.TRANSACTIONS].aggregate([{"$match": intent.superseded}, copied, {"$merge": merge}])


def _put_new(database: Database, intent: Intent) -> None:
    """Insert the new lines, or replace those with the same id; in the server, where nobody stalls after the check."""
    new: Pipeline = [{"$unwind": "$lines"}, {"$replaceWith": "$lines"}]
    besides = {"$match": {"InvoiceNo": {"$nin": _overtaken(database, intent)}}}
    keep_later = [{"$replaceWith": {"$cond": [_EARLIER, "$$new", "$$ROOT"]}}]
    merge = {"into": schema.TRANSACTIONS, "on": "_id", "whenMatched": keep_later, "whenNotMatched": "insert"}
    database[schema.INTENTS].aggregate([*_if_open(intent), *new, besides, {"$merge": merge}])


def _delete_superseded(database: Database, intent: Intent) -> None:
    database[schema.TRANSACTIONS].delete_many(intent.superseded)


def _delete_overtaken(database: Database, intent: Intent) -> None:
    """Delete lines of ours that came in beside those of a later load: two may have compared at the same time."""
    if overtaken := _overtaken(database, intent):
        ours = {"InvoiceNo": {"$in": overtaken}, "Load": intent.sequence}
        database[schema.TRANSACTIONS].delete_many(ours)


def _close(database: Database, intent: Intent) -> None:
    done = {"$set": {"state": APPLIED}, "$unset": {"lines": "", "unstamped": ""}}
    database[schema.INTENTS].update_one({"_id": intent.intent_id}, done)


STEPS: Final = (_hold, _stamp, _keep_superseded, _put_new, _delete_superseded, _delete_overtaken, _close)


def _if_open(intent: Intent) -> Pipeline:
    return [{"$match": {"_id": intent.intent_id, "state": OPEN}}]


def _overtaken(database: Database, intent: Intent) -> list[str]:
    later = {"InvoiceNo": {"$in": intent.invoices}, "Load": {"$gt": intent.sequence}}
    return database[schema.TRANSACTIONS].distinct("InvoiceNo", later)


def waiting(database: Database, *, of_requests: bool = False) -> Waiting:
    """Return the applied intents and whom they touched; `of_requests` leaves out those of files, which are long."""
    which = {"state": APPLIED} | ({"load": REQUESTS} if of_requests else {})
    found = list(database[schema.INTENTS].find(which, {"touched": 1}))
    pairs = {(customer_id, invoice) for each in found for customer_id, invoice in each["touched"]}
    return Waiting([each["_id"] for each in found], pairs)


def forget(database: Database, intent_ids: Sequence[ObjectId]) -> None:
    """Delete intents whose customers are derived."""
    if intent_ids:
        database[schema.INTENTS].delete_many({"_id": {"$in": list(intent_ids)}})
