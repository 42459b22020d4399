"""Opens an input: a file of any kind, a folder, the standard input, or synthetic data."""

from __future__ import annotations

import hashlib
import sys
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from retention.errors import BadDataError, NoInputError
from retention.store.schema import LINE_FIELDS
from seeder.printable import printable
from seeder.sources.contents import Contents
from seeder.sources.damage import unreadable_refused
from seeder.sources.folder import files_in, sha256_of
from seeder.sources.standard_input import STANDARD_INPUT, copied
from seeder.sources.table import Input, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seeder.sources.table import Batch, Score

_BATCH_ROWS: Final = 100


@contextmanager
def opened(path: Path, *, sheet: str | None, score: Score) -> Iterator[Input]:
    """Give the tables of a CSV (plain or gzipped), Parquet, XLSX or zip file, a folder, or standard input for `-`.

    `sheet` names the sheet of a workbook; `score` tells how many names of columns are known, and so finds the header.
    Raises NoInputError when there is no such file or it cannot be read, NotPermittedError without permission,
    BadDataError for a file that is empty, damaged or protected, and CannotWriteError without room for a temporary file.
    """
    with ExitStack() as stack:
        contents = Contents(sheet, score, stack)
        if path != STANDARD_INPUT:
            with unreadable_refused(path):
                found = _folder(path, contents) if path.is_dir() else _file(path, path.name, contents)
        else:
            stream = sys.stdin.buffer if sys.stdin else None
            found = _file(stack.enter_context(copied(stream)), "standard input", contents)
        if sheet is not None and not any(table.description.startswith("XLSX") for table in found.tables):
            raise BadDataError(f"{found.name}: not a workbook, so it has no sheets: leave out --sheet")
        yield found


def _file(path: Path, name: str, contents: Contents) -> Input:
    if not path.exists():
        raise NoInputError(f"{path}: no such file")
    if not path.is_file():
        raise NoInputError(f"{path}: not a file: to load from a pipe, use 'load -'")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Input(_load_id(sha256, contents), name, path.stat().st_size, contents.tables(path, name))


def _folder(path: Path, contents: Contents) -> Input:
    files, others = files_in(path)
    name = path.resolve().name
    tables = contents.together([(file, f"{name}/{printable(file.name)}") for file in files], others)
    return Input(_load_id(sha256_of(files), contents), name, sum(file.stat().st_size for file in files), tables)


def _load_id(sha256: str, contents: Contents) -> str:
    """Return the id of a load: another sheet of the same workbook is another load."""
    if contents.sheet is not None:
        sha256 = hashlib.sha256(f"{sha256} {contents.sheet}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"sha256:{sha256}"


def synthetic_source(row_count: int, seed: int) -> Input:
    """Return `row_count` rows of synthetic transactions, shaped like Online Retail; generated only when read."""
    from seeder.sources import synthetic  # noqa: PLC0415 - numpy: 25 MB that a file does not need

    name = f"synthetic:rows={row_count}:seed={seed}"

    def rows(positions: Sequence[int]) -> Iterator[Sequence[Any]]:
        found = synthetic.synthetic_rows(row_count, seed)
        if tuple(positions) == tuple(range(len(LINE_FIELDS))):
            return found
        return (tuple(row[position] for position in positions) for row in found)

    def scan(positions: Sequence[int], start: Callable[[], Callable[[Batch], Any]]) -> int:
        take, found = start(), rows(positions)
        while batch := list(islice(found, _BATCH_ROWS)):
            take(batch)
        return row_count

    return Input(name, name, 0, [Table(name, name, tuple(LINE_FIELDS), scan, rows)], invented=True)
