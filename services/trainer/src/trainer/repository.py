"""The trainer's queries. Nothing is written here; scores are written by retention.store.scores."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from retention.clock import rfc3339
from retention.errors import NotEnoughDataError
from retention.features import pipelines
from retention.features.cohorts import cohorts
from retention.scoring.churn import MONTH
from retention.store import schema
from retention.store import shop as shops
from retention.store.connection import open_database
from retention.store.scores import Scores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd

    from retention.store.connection import Database


class Store:
    """One database, asked for customers as they were at an instant."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.scores = Scores(database, at_once=True)

    def currency(self, setting: str | None) -> str:
        """Return the shop's currency; BadConfigurationError when the setting is another one. None: not set."""
        shop = shops.current(self._db, currency=setting) or shops.Shop(currency=setting)
        shops.refuse_other_settings(shop, time_zone=None, currency=setting)
        return shop.currency or setting or shops.DEFAULT_CURRENCY

    def clock(self) -> datetime:
        """Return the instant that the data is as of; NotEnoughDataError before the first load."""
        clock = self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
        if clock is None:
            raise NotEnoughDataError("no data: load some first ('python -m seeder --help')")
        as_of: datetime = clock["as_of"]
        return as_of

    def first_order_day(self) -> datetime:
        """Return the day of the earliest order; NotEnoughDataError when there is none."""
        first = next(self._db[schema.ORDERS].aggregate(pipelines.first_order_day()), None)
        if first is None:
            raise NotEnoughDataError("no orders: no line has a customer, a quantity and a price")
        day: datetime = first["day"]
        return day

    def customers(self, as_of: datetime) -> pd.DataFrame:
        """Return a row for each customer with an order before `as_of`, by id: `pipelines.FEATURES` and the month."""
        import pandas as pd  # noqa: PLC0415 - 80 MB that scoring in the database does not need

        found = self._db[schema.ORDERS].aggregate(pipelines.customers(as_of), allowDiskUse=True)
        columns = ["_id", *pipelines.FEATURES, MONTH]
        frame = pd.DataFrame([[customer[column] for column in columns] for customer in found], columns=columns)
        return frame.set_index("_id").sort_index().astype(float)

    def buyers(self, start: datetime, end: datetime) -> set[int]:
        """Return the ids of customers who ordered in [start, end)."""
        return {buyer["_id"] for buyer in self._db[schema.ORDERS].aggregate(pipelines.buyers(start, end))}

    def order_days(self, start: datetime, end: datetime) -> list[datetime]:
        """Return the days in [start, end) with an order."""
        days: list[datetime] = self._db[schema.ORDERS].distinct(
            "_id.day", {"_id.kind": "order", "_id.day": {"$gte": start, "$lt": end}}
        )
        return days

    def cohorts(self, as_of: datetime) -> pd.DataFrame:
        """Return how many customers of each first month ordered again, by the months since."""
        from trainer.cohorts import cohort_counts  # noqa: PLC0415 - pandas, as above

        return cohort_counts(self._db[schema.ORDERS].aggregate(cohorts(as_of), allowDiskUse=True), as_of)

    def fingerprint(self) -> str:
        """Return a text that changes whenever the data does: loads only add lines, and every line counts."""
        loads = sorted(load["_id"] for load in self._db[schema.LOADS].find({"status": "finished"}, {"_id": 1}))
        lines = self._db[schema.TRANSACTIONS].estimated_document_count()
        return hashlib.sha256(repr((rfc3339(self.clock()), loads, lines)).encode()).hexdigest()


@contextmanager
def open_store(uri: str, db_name: str, *, wait_s: float) -> Iterator[Store]:
    """Connect, waiting up to `wait_s` for the server; UnavailableError or NotPermittedError otherwise."""
    with open_database(uri, db_name, appname="trainer", wait_s=wait_s) as database:
        yield Store(database)
