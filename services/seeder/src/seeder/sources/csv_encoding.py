"""The encoding of a CSV file, decided from all of its bytes: a wrong one would stop a load at row 400,000."""

from __future__ import annotations

import codecs
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from seeder.sources.csv_layout import GZIP, MAX_LINE, UTF_8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seeder.sources.csv_layout import Layout

UTF_16: Final = "utf-16"
_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# How old exports write pound signs; how Excel saves Polish and Czech; what is left, in which every byte is a letter.
_ONE_BYTE: Final = ("cp1252", "cp1250", "latin-1")
_BINARY: Final = re.compile(rb"[\0-\x08\x0e-\x19]")  # in no text; 0x1a ends a file of DOS
_BLOCK: Final = 1 << 20
_START: Final = 1 << 12
_MOST: Final = 0.5  # of the high bytes of UTF-16 are zero, even in another alphabet: delimiters, digits, names
_FEW: Final = 0.1  # of the low bytes, in proportion, are


def with_encoding(layout: Layout) -> Layout:
    """Return the layout with the encoding that every byte of the file agrees with.

    Raises BadDataError for gzip inside gzip, UTF-16 that is cut off, lines in several encodings, and what is no text.
    """
    with layout.open_bytes() as file:
        start = file.read(_START)
    if start.startswith(GZIP):
        raise BadDataError(f"{layout.name}: gzip inside gzip: decompress it once")
    encoding = _two_bytes(start)
    if encoding:
        if failure := _failure(layout, encoding):
            raise BadDataError(f"{layout.name}: not {encoding.upper()} throughout: save it as UTF-8: {failure}")
    elif _failure(layout, UTF_8):
        _refuse_mixed_encodings(layout)
        encoding = _one_byte(layout)
    return layout._replace(encoding=encoding or UTF_8)


def notes(layout: Layout) -> tuple[str, ...]:
    """Return what was assumed about the encoding."""
    if layout.encoding == UTF_8 or layout.encoding.startswith(UTF_16):
        return ()
    return (f"not UTF-8, read as {layout.encoding}: names may be garbled: save it as UTF-8",)


def _two_bytes(start: bytes) -> str | None:
    """Return the UTF-16 that a file begins in, by its byte order mark or by where the zero bytes are, else None."""
    if start.startswith(_MARKS):
        return UTF_16
    pairs = len(start) // 2
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > pairs * _MOST and even < odd * _FEW:
        return f"{UTF_16}-le"
    return f"{UTF_16}-be" if even > pairs * _MOST and odd < even * _FEW else None


def _one_byte(layout: Layout) -> str:
    found = next(encoding for encoding in _ONE_BYTE if not _failure(layout, encoding))
    if found == _ONE_BYTE[-1] and any(map(_BINARY.search, _blocks(layout))):
        raise BadDataError(f"{layout.name}: neither UTF-8 nor cp1252, and no text: give a CSV, XLSX or Parquet file")
    return found


def _failure(layout: Layout, encoding: str) -> str:
    """Return why the file is not in this encoding; empty when it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(layout):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.reason
    return ""


def _blocks(layout: Layout) -> Iterator[bytes]:
    with layout.open_bytes() as file:
        yield from iter(partial(file.read, _BLOCK), b"")


def _refuse_mixed_encodings(layout: Layout) -> None:
    """Raise BadDataError when some lines are UTF-8 and others are not: one of the two groups would be garbled."""
    first: dict[bool, int] = {}
    with layout.open_bytes() as file:
        for number, line in enumerate(iter(partial(file.readline, MAX_LINE), b""), 1):
            if not line.isascii():
                first.setdefault(_is_utf_8(line), number)
    if True in first and False in first:
        raise BadDataError(
            f"{layout.name}: mixed encodings: line {first[True]} is UTF-8, line {first[False]} is not: save it as UTF-8"
        )


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
