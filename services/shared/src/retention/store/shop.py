"""What holds for the whole database from its first load on: time zone, currency, cancelled invoices, style of ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadConfigurationError, BadDataError
from retention.store import schema
from retention.store.transactions import is_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retention.store.connection import Database

DEFAULT_ZONE: Final = "UTC"
DEFAULT_CURRENCY: Final = "GBP"

_WAY_OUT: Final = "load it into a database of its own (DB_NAME), or load everything again with --drop"


class Shop(NamedTuple):
    """The `shop` document; None: nothing has said it yet, and the first that says it decides."""

    time_zone: str = DEFAULT_ZONE  # IANA name; InvoiceDate is the wall clock there, stored as if it were UTC
    currency: str | None = None  # ISO 4217
    cancelled_prefix: str | None = None  # what marks cancelled invoices; "": nothing does
    leading_zeros: bool = False  # 00017 is a text id, not 17
    created_at: datetime | None = None

    @classmethod
    def legacy(cls, currency: str | None = None) -> Shop:
        """Return what releases without this document took for granted."""
        return cls(DEFAULT_ZONE, currency or DEFAULT_CURRENCY, "C")

    @property
    def currency_label(self) -> str:
        """The currency to name in answers and reports."""
        return self.currency or DEFAULT_CURRENCY


def read(database: Database) -> Shop | None:
    """Return the document; None before the first load, and in a database of a release that had none."""
    document = database[schema.SHOP].find_one({"_id": schema.SHOP_ID})
    return from_document(document) if document else None


def from_document(document: Mapping[str, Any]) -> Shop:
    """Return the shop that a document describes."""
    return Shop(**{name: document[name] for name in Shop._fields if name in document})


def current(database: Database, *, currency: str | None = None) -> Shop | None:
    """Return the document, the legacy when there are lines without it, None for a new database."""
    return read(database) or (None if is_empty(database) else Shop.legacy(currency))


def settle(database: Database, shop: Shop) -> Shop:
    """Write the document, or add to it what it does not say yet; return what holds now.

    Raises BadDataError, with the way out, when a file's findings differ from it. Leading zeros differ only when the
    document has none: a small file may happen to have none.
    """
    written = {**shop._asdict(), "created_at": datetime.now(UTC).replace(microsecond=0)}
    shops = database[schema.SHOP]
    shops.update_one({"_id": schema.SHOP_ID}, {"$setOnInsert": written}, upsert=True)
    for name in ("currency", "cancelled_prefix"):
        if (value := getattr(shop, name)) is not None:
            shops.update_one({"_id": schema.SHOP_ID, name: None}, {"$set": {name: value}})
    settled = read(database) or shop
    refuse_other_file(settled, shop)
    return settled


def forget(database: Database) -> None:
    """Delete the document: nothing was loaded after all."""
    database[schema.SHOP].delete_one({"_id": schema.SHOP_ID})


def refuse_other_file(settled: Shop, found: Shop) -> None:
    """Raise BadDataError when a file's findings differ from what holds for the database."""
    differences = [
        *_difference("time zone", settled.time_zone, found.time_zone),
        *_difference("currency", settled.currency, found.currency),
        *_difference("prefix of cancelled invoices", settled.cancelled_prefix, found.cancelled_prefix),
    ]
    if found.leading_zeros and not settled.leading_zeros:
        differences.append("customer ids are whole numbers in the database and have leading zeros in the file")
    if differences:
        raise BadDataError(f"the file does not fit the shop in this database: {'; '.join(differences)}: {_WAY_OUT}")


def refuse_other_settings(settled: Shop, *, time_zone: str | None, currency: str | None) -> None:
    """Raise BadConfigurationError when a setting differs from what holds for the database; None: not set."""
    differences = [
        f"{name} is {setting} and the shop in this database has {held}"
        for name, setting, held in (
            ("TIME_ZONE", time_zone, settled.time_zone),
            ("CURRENCY", currency, settled.currency),
        )
        if setting and held and setting != held
    ]
    if differences:
        raise BadConfigurationError(f"{'; '.join(differences)}: remove the setting, or {_WAY_OUT}")


def _difference(what: str, held: str | None, found: str | None) -> list[str]:
    if held is None or found is None or held == found:
        return []
    return [f"the {what} is {held or 'none'} in the database and {found or 'none'} in the file"]
