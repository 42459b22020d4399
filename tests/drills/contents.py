"""What a database holds, byte by byte, and how it differs from what it should hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bson import CodecOptions, encode
from bson.raw_bson import RawBSONDocument

from retention.store import schema
from retention.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    Documents = dict[str, Any]

DERIVED = (schema.ORDERS, schema.CUSTOMERS)
COMPARED = (
    schema.TRANSACTIONS, *DERIVED, schema.QUARANTINE, schema.CLOCK, schema.SUPERSEDED, schema.INTENTS,
)  # fmt: skip


class Contents(NamedTuple):
    """Every document of the collections, by its id; and the account of the last load."""

    documents: dict[str, dict[bytes, bytes]]
    status: str
    ledger: Ledger


def contents(database: Database[Documents]) -> Contents:
    """Read everything. The number of the refresh is left out: one that was killed took a number, too."""
    load = database[schema.LOADS].find_one(sort=[("started_at", -1)]) or {}
    return Contents(documents(database), load["status"], Ledger.from_document(load.get("ledger", load)))


def documents(
    database: Database[Documents], names: Iterable[str] = COMPARED, left_out: Iterable[str] = ("revision",)
) -> dict[str, dict[bytes, bytes]]:
    """Return every document of these collections, by its id."""
    raw: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    undecoded, fields = database.with_options(codec_options=raw), dict.fromkeys(left_out, 0)
    return {
        name: {encode({"_id": one["_id"]}): bytes(one.raw) for one in undecoded[name].find({}, fields)}
        for name in names
    }


def differences(found: Contents, expected: Contents) -> list[str]:
    """Return in words what is missing, too much or other; nothing when both are the same to the last byte.

    Same documents have the same sums: quantities, amounts, every customer's features.
    """
    all_words = (_difference(name, found.documents[name], expected.documents[name]) for name in COMPARED)
    return [words for words in all_words if words]


def missing(found: Contents, expected: Contents) -> int:
    """Return how many lines were lost."""
    return len(expected.documents[schema.TRANSACTIONS].keys() - found.documents[schema.TRANSACTIONS].keys())


def unaccounted(found: Contents, expected: Contents, most_already_there: int) -> list[str]:
    """Return what is wrong with the account of a load that was interrupted, but had everything to insert itself.

    What an interrupted run had inserted without writing it down, at most a chunk, was already there for the next.
    """
    ledger, lines = found.ledger, _brought(expected.ledger)
    most_already_there += expected.ledger.already_there
    wrong = {
        f"the load is {found.status}": found.status != "finished",
        f"{ledger.read} rows were read": ledger.read != expected.ledger.read,
        f"{_brought(ledger)} came in or were there, of {lines}": _brought(ledger) != lines,
        f"quarantined {dict(ledger.quarantined)}": ledger.quarantined != expected.ledger.quarantined,
        f"{ledger.already_there} were already there, more than {most_already_there}": (
            ledger.already_there > most_already_there
        ),
    }
    return [words for words, is_so in wrong.items() if is_so]


def _brought(ledger: Ledger) -> int:
    return ledger.inserted + ledger.already_there + ledger.replaced + ledger.by_state.total()


def invalid(database: Database[Documents]) -> list[str]:
    """Return the collections that MongoDB's own full `validate` finds damaged."""
    names = database.list_collection_names()
    return [name for name in names if not database.command("validate", name, full=True)["valid"]]


def _difference(name: str, found: dict[bytes, bytes], expected: dict[bytes, bytes]) -> str:
    lost, extra = len(expected.keys() - found.keys()), len(found.keys() - expected.keys())
    other = sum(found[key] != expected[key] for key in found.keys() & expected.keys())
    return f"{name}: {lost} missing, {extra} too many, {other} other" if lost or extra or other else ""
