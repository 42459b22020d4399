"""The quarantined rows and their reasons: as counts, as a list, and as a CSV file to correct and load."""

from __future__ import annotations

import csv
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from retention.errors import NoInputError
from seeder.mending import COLUMNS, FIELDS
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retention.store.quarantine import QuarantineCount

    Document = Mapping[str, Any]

_ID_SHOWN: Final = len("sha256:") + 12  # enough to tell loads apart, and to name one with --load
_RAW_SHOWN: Final = 200


class Quarantine(Protocol):
    """The part of the store that this module needs."""

    def quarantine_counts(self) -> list[QuarantineCount]:
        """Return the counts of every load with quarantined rows, ordered by load."""

    def quarantined_rows(self, load_id: str) -> Iterator[Document]:
        """Return the documents of one load in the order of its rows."""


def listing(quarantine: Quarantine, load: str | None) -> Iterator[str]:
    """Yield lines for a person: the counts of every load, or the rows of the one whose id starts with `load`.

    Raises NoInputError when no load or several match.
    """
    counts = quarantine.quarantine_counts()
    if load:
        yield from map(_row_line, quarantine.quarantined_rows(_load_id(counts, load)))
        return
    shown = None
    for count in counts:
        if count.load_id != shown:
            yield f"{count.load_id[:_ID_SHOWN]}  {printable(count.description)}"
            shown = count.load_id
        yield f"  {count.reason:<24}{count.rows:>9,}"
    if not counts:
        yield "no rows are quarantined"


def write_csv(quarantine: Quarantine, load: str | None, to: IO[str], limit: int | None) -> None:
    """Write the rows as CSV: load, row, reason, field, raw, and the eight fields of a line.

    Corrected, the file can be loaded like any other: what comes in leaves the quarantine. The values are unchanged, up
    to 200 characters of each. A leading `=` is not escaped for spreadsheets: import the columns as text.
    A row of which more than one field is wrong has its values under `raw`: it was no line, or its amounts are in
    another currency.
    """
    counts = quarantine.quarantine_counts()
    loads = [_load_id(counts, load)] if load else list(dict.fromkeys(count.load_id for count in counts))
    documents = (document for load_id in loads for document in quarantine.quarantined_rows(load_id))
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow([*COLUMNS, *FIELDS])
    writer.writerows(map(_csv_row, islice(documents, limit)))


def _csv_row(document: Document) -> list[object]:
    kept, field, values = document["_id"], document["field"], document["values"]
    is_line = len(values) == len(FIELDS) and field in FIELDS
    raw, by_column = ("", values) if is_line else (",".join(values), [""] * len(FIELDS))
    return [kept["load"], kept["row"], document["reason"], field, raw, *by_column]


def _row_line(document: Document) -> str:
    values = dict(zip(FIELDS, document["values"], strict=False))
    raw = values.get(document["field"], ",".join(document["values"]))
    return f"row {document['_id']['row']:>9,}  {document['reason']:<24} {printable(raw)[:_RAW_SHOWN]}"


def _load_id(counts: list[QuarantineCount], start: str) -> str:
    ids = {count.load_id for count in counts}
    wanted = start if start.partition(":")[1] else f"sha256:{start}"
    if wanted in ids:
        return wanted
    matching = [load_id for load_id in ids if load_id.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    found = f"{len(matching)} loads start" if matching else "no load with quarantined rows starts"
    raise NoInputError(f"{printable(start)}: {found} with this id: run 'quarantine' to list them")
