"""What was put aside, and why: counts, rows, and a CSV file that can be mended and loaded."""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from retention.errors import NoInputError
from retention.lines.rules import RULES
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from retention.store.quarantine import Aside

    Document = Mapping[str, Any]

_ID_SHOWN: Final = len("sha256:") + 12  # enough to tell loads apart, and to name one with --load
_RAW_SHOWN: Final = 200


class Quarantine(Protocol):
    """The side of the store that this module needs."""

    def counts_put_aside(self) -> list[Aside]:
        """Return the counts of every load that put rows aside, ordered by load."""

    def put_aside_by(self, load_id: str) -> Iterator[Document]:
        """Return the documents of one load in the order of its rows."""


def listing(store: Quarantine, load: str | None) -> Iterator[str]:
    """Yield lines for a person: what every load put aside, or the rows of one, named by the start of its id.

    Raises NoInputError when `load` names none, or several.
    """
    counts = store.counts_put_aside()
    if load:
        yield from map(_row_line, store.put_aside_by(_load_id(counts, load)))
        return
    shown = None
    for count in counts:
        if count.load_id != shown:
            yield f"{count.load_id[:_ID_SHOWN]}  {printable(count.description)}"
            shown = count.load_id
        yield f"  {count.reason:<24}{count.rows:>9,}"
    if not counts:
        yield "nothing was put aside"


def write_csv(store: Quarantine, load: str | None, to: IO[str], limit: int | None) -> None:
    """Write the rows with their values as CSV: row, reason, field, raw, and the columns of the file itself.

    Mended, it can be loaded like any other: columns of other names are passed over. So the values stand exactly as
    they came, the first 200 characters of each. Nothing is put before a leading `=` to calm a spreadsheet: open the
    file with its columns as text. A row of another width has no values by column; they stand under `raw`.
    """
    counts = store.counts_put_aside()
    loads = [_load_id(counts, load)] if load else list(dict.fromkeys(count.load_id for count in counts))
    documents = (document for load_id in loads for document in store.put_aside_by(load_id))
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(["row", "reason", "field", "raw", *(rule.name for rule in RULES)])
    writer.writerows(map(_csv_row, first(documents, limit)))


def first(items: Iterable[Any], limit: int | None) -> Iterator[Any]:
    """Yield at most `limit` of the items; all of them when it is None."""
    for number, item in enumerate(items):
        if number == limit:
            return
        yield item


def _csv_row(document: Document) -> list[object]:
    values = document["values"]
    raw, by_column = ("", values) if len(values) == len(RULES) else (",".join(values), [""] * len(RULES))
    return [document["_id"]["row"], document["reason"], document["field"], raw, *by_column]


def _row_line(document: Document) -> str:
    values = dict(zip((rule.name for rule in RULES), document["values"], strict=False))
    raw = values.get(document["field"], ",".join(document["values"]))
    return f"row {document['_id']['row']:>9,}  {document['reason']:<24} {printable(raw)[:_RAW_SHOWN]}"


def _load_id(counts: list[Aside], start: str) -> str:
    ids = list(dict.fromkeys(count.load_id for count in counts))
    wanted = start if start.partition(":")[1] else f"sha256:{start}"
    matching = [load_id for load_id in ids if load_id.startswith(wanted)]
    if wanted in matching or len(matching) == 1:
        return wanted if wanted in matching else matching[0]
    what = "no load that put rows aside" if not matching else f"{len(matching)} loads"
    raise NoInputError(f"{printable(start)}: {what}: 'quarantine' lists them")
