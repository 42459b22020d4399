"""A small shop whose customers are scored, and what a score must be."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from retention.features import pipelines
from retention.scoring.churn import evidence
from retention.store import derivation, schema
from retention.store.scores import Scores

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle

    Db = Database[dict[str, Any]]

NOON = datetime(2011, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def insert(database: Db, customer_id: int, number: int | None = None, at: datetime = NOON) -> tuple[int, str]:
    """Insert a line, of the invoice with this number, and return what it touches."""
    number = secrets.randbelow(10**9) if number is None else number
    line_id = int(at.timestamp()).to_bytes(4, "big") + secrets.token_bytes(8)
    line = {"InvoiceNo": str(number), "StockCode": "ABCDE"[number % 5], "Quantity": 1 + number % 7, "UnitPrice": 2.5}
    line |= {"_id": ObjectId(line_id), "CustomerID": customer_id, "InvoiceDate": at}
    database[schema.TRANSACTIONS].insert_one(line)
    return customer_id, str(number)


def order(database: Db, customer_id: int) -> None:
    """Do what another process does with a line of this customer, but for the score."""
    derivation.refresh(database, {insert(database, customer_id)})


def fill(database: Db, *, customers: int, lines: int) -> Db:
    """Insert lines of so many customers, derive everything, and return the database."""
    for number in range(lines):
        insert(database, 1 + number % customers, number, NOON - (number * 37 % 300) * DAY)
    derivation.refresh(database)
    return database


def assert_scored(database: Db, bundle: Bundle, tolerance: float = 1e-12) -> None:
    """Compare every score with what Python makes of the customer as it is now; nobody more, nobody less."""
    scores = {each["_id"]: each for each in database[schema.SCORES].find()}
    customers = {each["_id"]: each for each in database[schema.CUSTOMERS].find()}
    assert scores.keys() == customers.keys()
    horizon_days = bundle.churn.horizon_days
    for customer_id, customer in customers.items():
        found = scores[customer_id]
        segment = bundle.segments.of(customer)
        probability = bundle.churn.probability(customer)
        assert abs(found.pop("churn_probability") - probability) <= tolerance, customer_id
        assert found == {
            "_id": customer_id,
            **{name: customer[name] for name in (*pipelines.CONTRACT_FEATURES, "net_monetary")},
            "churn_prediction": int(probability >= bundle.churn.threshold),
            "evidence": evidence(customer["Frequency"], customer["Recency"], horizon_days),
            "cluster": segment.cluster,
            "segment": segment.segment,
            "as_of": customer["as_of"],
            "due": customer["as_of"] + horizon_days * DAY,
            "model_version": bundle.version,
            "revision": customer["revision"],
        }


class BusyScores(Scores):
    """Something happens each time between the replacement of all scores and the look at who changed meanwhile."""

    def __init__(self, database: Db, *events: Callable[[], object], at_once: bool = True) -> None:
        super().__init__(database, at_once=at_once)
        self._events = list(events)

    def replace(self, stages: Pipeline) -> int:
        made = super().replace(stages)
        for event in self._events:
            event()
        return made
