"""Where rows come from. A file is looked through once before its first row is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from retention import dates
from retention.errors import BadDataError, NoInputError, NotPermittedError
from seeder import csv_source, parquet_source, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from retention.dates import DateFormat

PARQUET_MAGIC: Final = b"PAR1"


class Source(NamedTuple):
    """One input: rows in the order of `schema.LINE_FIELDS`, the same ones each time it is read."""

    load_id: str  # the same content has the same id
    description: str
    dates: DateFormat
    row_count: int
    invented: bool  # can be made again at any time, so real data takes its place
    rows: Callable[[], Iterator[Sequence[object]]]


def synthetic_source(row_count: int, seed: int) -> Source:
    """Return `row_count` rows of invented trade, shaped like Online Retail."""
    name = f"synthetic:rows={row_count}:seed={seed}"
    return Source(name, name, dates.ISO, row_count, True, lambda: synthetic.synthetic_rows(row_count, seed))  # noqa: FBT003 - invented


def file_source(path: Path, date_order: str | None) -> Source:
    """Return the rows of a CSV or Parquet file.

    Raises NoInputError for what is not a file, NotPermittedError for what cannot be read, BadDataError for an empty
    file, a missing column, or dates whose order nothing decides (`date_order` decides it).
    """
    if not path.is_file():
        raise NoInputError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            magic = file.read(len(PARQUET_MAGIC))
        look_through = parquet_source.look_through if magic == PARQUET_MAGIC else csv_source.look_through
        look = look_through(path)
    except PermissionError:
        raise NotPermittedError(f"{path}: not readable for this user") from None
    if not look.row_count:
        raise BadDataError(f"{path}: no rows")
    found = dates.DateFormat(date_order) if date_order else dates.find_date_format(look.date_texts)
    description = f"{path.name}: {look.description}, dates {found.order}, {look.row_count:,} rows"
    return Source(f"sha256:{look.sha256}", description, found, look.row_count, False, look.rows)  # noqa: FBT003 - invented
