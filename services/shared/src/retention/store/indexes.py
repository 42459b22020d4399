"""Indexes: made where they are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention.store import schema

if TYPE_CHECKING:
    from retention.store.connection import Collection, Database


def make_indexes(database: Database) -> None:
    """Make the missing indexes; after the rows of a first load, which is faster than updating them with each."""
    for collection, indexes in schema.INDEXES.items():
        for index in indexes:
            make_index(database[collection], index)


def make_order_index(database: Database) -> None:
    """Make the indexes that find stored orders, if one is missing: before a load into a database that has lines."""
    for index in schema.INDEXES[schema.TRANSACTIONS]:
        make_index(database[schema.TRANSACTIONS], index)


def make_index(collection: Collection, index: schema.Index) -> None:
    """Make one index if it is missing."""
    collection.create_index([(field, 1) for field in index.fields], **index.options)
