"""CSV: the encoding, the columns and the texts of the dates are found before the first row is loaded."""

from __future__ import annotations

import codecs
import csv
import hashlib
from typing import TYPE_CHECKING, Final

from retention import schema
from retention.errors import BadDataError
from seeder.look import Look, column_positions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BLOCK: Final = 1 << 20
_DATE: Final = schema.LINE_FIELDS.index("InvoiceDate")


def look_through(path: Path) -> Look:
    """Read the file once: its hash, encoding, columns, number of rows, and how its dates are written."""
    sha256, encoding = _hash_and_encoding(path)
    row_count = 0
    date_texts = set()
    for row in _rows(path, encoding):
        row_count += 1
        if len(row) == len(schema.LINE_FIELDS):
            date_texts.add(row[_DATE])
    description = "CSV, " + ("UTF-8" if encoding == "utf-8-sig" else encoding)
    return Look(sha256, description, row_count, frozenset(date_texts), lambda: _rows(path, encoding))


def _hash_and_encoding(path: Path) -> tuple[str, str]:
    """Return the hash, and UTF-8 if every byte is, else cp1252: old exports write pound signs so."""
    sha256 = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            if encoding == "utf-8-sig":
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"
    if decoder.getstate()[0]:  # the last bytes begin a character that never ends
        encoding = "cp1252"
    return sha256.hexdigest(), encoding


def _rows(path: Path, encoding: str) -> Iterator[Sequence[str]]:
    """Yield the rows in the order of `schema.LINE_FIELDS`; one with other columns than the header comes as it is."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, None)
            if header is None:
                raise BadDataError(f"{path}: empty")
            positions = column_positions(header, path)
            as_published = positions == list(range(len(header)))
            for row in reader:
                if len(row) != len(header):
                    if row:  # an empty line is no row
                        yield (",".join(row),)
                elif as_published:
                    yield row
                else:
                    yield [row[position] for position in positions]
        except csv.Error as error:
            raise BadDataError(f"{path}: line {reader.line_num}: {error}") from None
        except UnicodeDecodeError as error:
            raise BadDataError(
                f"{path}: near line {reader.line_num}: neither UTF-8 nor cp1252: {error.reason}"
            ) from None
