"""The ways of loading that are compared, each run in its own process: `python -m benchmarks.ingest_ways WAY FILE`."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pymongo
from bson.raw_bson import RawBSONDocument

from benchmarks.server import highest_rss_mb

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

CHUNK_ROWS: Final = 5_000  # as the seeder does
JOURNALED: Final = pymongo.WriteConcern(w=1, j=True)
Report = dict[str, float]


def ceiling_command(file: Path) -> Report:
    """Insert documents that are already encoded with the plain `insert` command, in one thread: the server's limit."""
    chunks, database = _encoded(file), _database()

    def insert(chunk: list[RawBSONDocument]) -> None:
        concern = JOURNALED.document
        answer = database.command("insert", "transactions", documents=chunk, ordered=False, writeConcern=concern)
        if answer["n"] != len(chunk):
            raise SystemExit(f"only {answer['n']} of {len(chunk)} documents were inserted")

    return _timed(chunks, insert)


def ceiling_insert_many(file: Path) -> Report:
    """Insert the same documents with the driver's `insert_many`."""
    chunks, database = _encoded(file), _database()
    return _timed(chunks, lambda chunk: database["transactions"].insert_many(chunk, ordered=False))


def product(file: Path) -> Report:
    """Run the seeder's own `load`; indexes and derived collections, made after the last row, are timed separately."""
    from seeder.__main__ import main
    from seeder.store import Store

    after = {name: _stopwatch(Store, name) for name in ("make_indexes", "refresh")}
    started = time.perf_counter()
    with redirect_stdout(sys.stderr):
        code = main(["load", str(file)])
    seconds = time.perf_counter() - started
    if code:
        raise SystemExit(code)
    indexes_s, refresh_s = (sum(spent) for spent in after.values())
    (record,) = _database()["loads"].find()
    return {
        "rows": record["read"],
        "seconds": seconds - indexes_s - refresh_s,
        "indexes_s": indexes_s,
        "refresh_s": refresh_s,
    }


def usual(file: Path) -> Report:
    """Load as most programs do: read_csv, NaN to None, to_dict, insert_many, without validation or ids."""
    import pandas as pd

    database = _database()
    started = time.perf_counter()
    text = {"InvoiceNo": str, "StockCode": str}
    frame = pd.read_csv(file, dtype=text, parse_dates=["InvoiceDate"], low_memory=False)
    records: list[dict[Any, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for start in range(0, len(records), CHUNK_ROWS):
        database["transactions"].insert_many(records[start : start + CHUNK_ROWS], ordered=False)
    return {"rows": len(records), "seconds": time.perf_counter() - started}


WAYS: Final[dict[str, Callable[[Path], Report]]] = {
    way.__name__: way for way in (ceiling_command, product, ceiling_insert_many, usual)
}  # the order of a round


def _encoded(file: Path) -> list[list[RawBSONDocument]]:
    """Return the documents as the seeder inserts them, in chunks of the same size."""
    from seeder.encoding import encoded_lines
    from seeder.formats import recognise
    from seeder.prepare import FileOptions, planned_tables, prepared
    from seeder.settings import Settings
    from seeder.sources.opening import opened

    settings, options = Settings.from_environ(os.environ), FileOptions()
    with opened(file, sheet=None, score=recognise.score) as found:
        source = prepared(found, planned_tables(found, options), options, settings, None)
        documents = [RawBSONDocument(one) for one in encoded_lines(source) if isinstance(one, bytes)]
    return [documents[start : start + CHUNK_ROWS] for start in range(0, len(documents), CHUNK_ROWS)]


def _timed(chunks: list[list[RawBSONDocument]], insert: Callable[[list[RawBSONDocument]], Any]) -> Report:
    started = time.perf_counter()
    for chunk in chunks:
        insert(chunk)
    return {"rows": sum(map(len, chunks)), "seconds": time.perf_counter() - started}


def _stopwatch(owner: type, name: str) -> list[float]:
    """Return a list to which each call of the method adds its seconds."""
    spent: list[float] = []
    method = getattr(owner, name)

    def timed(*arguments: object) -> object:
        started = time.perf_counter()
        try:
            return method(*arguments)
        finally:
            spent.append(time.perf_counter() - started)

    setattr(owner, name, timed)
    return spent


def _database() -> Database[dict[str, Any]]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(os.environ["MONGO_URI"])
    client.admin.command("ping")  # connected before the clock starts
    return client.get_database(os.environ["DB_NAME"], write_concern=JOURNALED)


if __name__ == "__main__":
    report = WAYS[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(report | {"peak_rss_mb": highest_rss_mb(os.getpid())}))
