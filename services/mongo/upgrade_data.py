"""Brings the data up to date, as the seeder, once the users are made: so do deploys by the scripts of an older release.

The release that serves meanwhile goes on answering, and so does this one if it could not be done.
"""  # noqa: INP001 - a part of a script

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import pymongo

from retention.store.connection import journaled, open_database
from retention.store.upgrade import upgrade

if TYPE_CHECKING:
    from retention.store.connection import Database

WITHIN_S: Final = 45  # a deploy waits 90 s for the users; 541,909 lines take 2

logger = logging.getLogger("upgrade_data")


def upgrade_data(host: str, db_name: str, password: str, *, currency: str | None) -> None:
    """Mark and derive again what another release stored; a failure is logged, and the next load makes up for it."""
    try:
        with open_database(
            host, db_name, appname="upgrade_data", wait_s=5, username="seeder", password=password, directConnection=True
        ) as database:
            _upgrade(journaled(database), currency)
    except Exception as error:  # noqa: BLE001 - whatever it is, the users are made, and a deploy goes on
        logger.warning("the data is not up to date yet, which 'python -m seeder refresh' does: %s", error)


def _upgrade(database: Database, currency: str | None) -> None:
    with pymongo.timeout(WITHIN_S):
        done = upgrade(database, currency=currency)
    if done.refreshed:
        logger.info(
            "brought up to date: %d lines marked as cancelled, %d orders and %d customers derived again",
            done.marked,
            done.refreshed.orders,
            done.refreshed.customers,
        )
