"""Malformed files and their expected outcome: the data of test_malformed.py."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import openpyxl
import pyarrow as pa
from pyarrow import parquet

from retention.lines.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAMES: Final = [rule.name for rule in RULES]
HEADER: Final = ",".join(NAMES)
FIRST: Final = "1,A,FIRST,6,2010-12-13 08:26,2.5,12347,France"
LAST: Final = "9,A,LAST,6,2010-12-14 08:26,2.5,12348,France"
_VALUES: Final = dict(zip(NAMES, ["5", "B", "THING", "1", "2010-12-13 09:00", "2.55", "12349", "France"], strict=True))


class Loaded(NamedTuple):
    """A file that is loaded: the number of rows inserted, and of the others by reason."""

    name: str
    content: bytes
    inserted: int
    quarantined: dict[str, int]
    stored: dict[str, Any]  # values that some document must have; None: the field is absent
    arguments: tuple[str, ...] = ()


class Refused(NamedTuple):
    """A file that is refused as a whole, with words that the message must contain."""

    name: str
    content: bytes
    words: str


def row(**values: str) -> str:
    """Return a good row with some of its values replaced, as they are written in the file."""
    return ",".join((_VALUES | values).values())


def lines(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return end.join([header, *rows, ""]).encode()


def between(*rows: str) -> bytes:
    """Return a file with these rows between two good ones."""
    return lines(FIRST, *rows, LAST)


def loaded(
    name: str, content: bytes, inserted: int, quarantined: dict[str, int] | None = None, **stored: object
) -> Loaded:
    return Loaded(name, content, inserted, quarantined or {}, stored)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


YES_NO: Final = (True, False)

# One value in a row between two good ones: field, value as written, value stored.
KEPT: Final[list[tuple[str, str, Any]]] = [
    ("InvoiceDate", "2010-12-13T08:26:00Z", at("2010-12-13 08:26")),
    ("InvoiceDate", "2010-12-13T08:26:00+02:00", at("2010-12-13 06:26")),
    ("InvoiceDate", "2010-12-13 08:26:00.999", at("2010-12-13 08:26")),
    ("InvoiceDate", "2010-12-13", at("2010-12-13")),
    ("InvoiceDate", "2008-02-29 10:00", at("2008-02-29 10:00")),
    ("InvoiceDate", "2010-12-13 24:00", at("2010-12-14 00:00")),
    ("InvoiceDate", " 2010-12-13 8:05 ", at("2010-12-13 08:05")),
    ("CustomerID", "", None),
    ("CustomerID", "   ", None),
    ("CustomerID", "NaN", None),
    ("CustomerID", "null", None),
    ("CustomerID", "12346.0", 12346),
    ("CustomerID", "12346.00", 12346),
    ("CustomerID", "１２３４６", 12346),  # noqa: RUF001 - full-width digits
    ("CustomerID", "9223372036854775807", 2**63 - 1),
    ("Quantity", "-6", -6),
    ("Quantity", "0", 0),
    ("Quantity", "-0", 0),
    ("Quantity", "6.0", 6),
    ("Quantity", "1e3", 1000),
    ("Quantity", " 6 ", 6),
    ("UnitPrice", "0", 0.0),
    ("UnitPrice", "-0.0", 0.0),
    ("UnitPrice", "-11062.06", -11062.06),
    ("UnitPrice", "1e3", 1000.0),
    ("UnitPrice", "2.5499999999999998", 2.55),
    ("UnitPrice", "£2.55", 2.55),
    ("UnitPrice", "2.55 GBP", 2.55),
    ("UnitPrice", '"1,000.00"', 1000.0),
    ("Quantity", '"1,000"', 1000),
    ("UnitPrice", "−2.55", -2.55),  # a typographic minus
    ("Quantity", "2.5", 2.5),
    ("CustomerID", "0", None),
    ("InvoiceDate", "2010-12-13 08:26 PM", at("2010-12-13 20:26")),
    ("InvoiceNo", "C536365", "C536365"),
    ("InvoiceNo", "0536365", "0536365"),
    ("StockCode", "", None),
    ("Description", "", None),
    ("Description", "x" * 1_000, "x" * 1_000),
    ("Description", '5" NAIL', '5" NAIL'),
    ("Description", 'NAIL 5"', 'NAIL 5"'),
    ("Description", '"A, ""B"" C"', 'A, "B" C'),
    ("Description", '"TWO\nLINES"', "TWO\nLINES"),
    ("Description", '"1\n2\n3\n4\n5"', "1\n2\n3\n4\n5"),
    ("Description", "=1+1", "=1+1"),
    ("Description", "  SPACES INSIDE  TOO  ", "SPACES INSIDE  TOO"),
    ("Description", "ÅÄÖ 漢字 🎁", "ÅÄÖ 漢字 🎁"),
    ("Country", "", None),
]

# One value in a row between two good ones: field, value as written, reason of the quarantine.
QUARANTINED: Final[list[tuple[str, str, str]]] = [
    ("InvoiceDate", "", "missing"),
    ("InvoiceDate", "   ", "missing"),
    ("InvoiceDate", "soon", "unreadable"),
    ("InvoiceDate", "31/02/2011", "unreadable"),
    ("InvoiceDate", "13/12/2010 08:26", "unreadable"),  # among ISO dates
    ("InvoiceDate", "1298937600", "unreadable"),
    ("InvoiceDate", "40513.35138888889", "unreadable"),
    ("InvoiceDate", "10-12-13 08:26", "unreadable"),
    ("InvoiceDate", "2010-12-13 08:60", "unreadable"),
    ("InvoiceDate", "2010-13-01 08:00", "unreadable"),
    ("InvoiceDate", "2011-02-29 10:00", "unreadable"),
    ("InvoiceDate", "0000-00-00 00:00", "unreadable"),
    ("InvoiceDate", "２０１０-12-13 08:26", "unreadable"),  # noqa: RUF001 - full-width digits
    ("InvoiceDate", "1899-12-30 00:00", "out_of_range"),
    ("InvoiceDate", "1970-01-01 00:00", "out_of_range"),
    ("InvoiceDate", "2999-01-01 00:00", "out_of_range"),
    ("InvoiceDate", "9999-12-31T23:59:59-12:00", "out_of_range"),
    ("CustomerID", "12346.5", "unreadable"),
    ("CustomerID", "1.2346e4", "shortened"),
    ("CustomerID", "9" * 400, "too_long"),
    ("CustomerID", "-12346", "out_of_range"),
    ("CustomerID", "9223372036854775808", "out_of_range"),
    ("Quantity", "", "missing"),
    ("Quantity", "one", "unreadable"),
    ("Quantity", "1_000", "unreadable"),
    ("Quantity", "0x10", "unreadable"),
    ("Quantity", "inf", "unreadable"),
    ("Quantity", "nan", "unreadable"),
    ("Quantity", "1e400", "unreadable"),
    ("Quantity", "TRUE", "unreadable"),
    ("Quantity", "６", "unreadable"),  # noqa: RUF001 - full-width digit
    ("Quantity", "6\0", "unreadable"),
    ("Quantity", "2147483648", "out_of_range"),
    ("Quantity", "-99999999999", "out_of_range"),
    ("UnitPrice", "", "missing"),
    ("UnitPrice", "free", "unreadable"),
    ("UnitPrice", "1_000", "unreadable"),
    ("UnitPrice", "0x10", "unreadable"),
    ("UnitPrice", "-Infinity", "unreadable"),
    ("UnitPrice", "NaN", "unreadable"),
    ("UnitPrice", "1e10", "out_of_range"),
    ("InvoiceNo", "", "missing"),
    ("InvoiceNo", "   ", "missing"),
    ("InvoiceNo", "5\0", "unreadable"),
    ("InvoiceNo", "5" * 1_001, "too_long"),
    ("StockCode", "B\0", "unreadable"),
    ("Description", "THI\0NG", "unreadable"),
    ("Description", "x" * 1_001, "too_long"),
    ("Description", "x" * 100_000, "too_long"),
    ("Country", "\0", "unreadable"),
]

_FIELDS: Final = [
    *(loaded(f"{name} {text[:30]!a} is kept", between(row(**{name: text})), 3, None, **{name: value})
      for name, text, value in KEPT),
    *(loaded(f"{name} {text[:30]!a}, {len(text)} characters, is quarantined", between(row(**{name: text})), 2,
             {f"{name}_{reason}": 1})
      for name, text, reason in QUARANTINED),
]  # fmt: skip

_LONG: Final = ",".join(["x"] * 600_000)  # 1.2 MB in one physical line
_REORDERED: Final = "\n".join(",".join(reversed(text.split(","))) for text in (HEADER, FIRST, LAST))
_OTHER_NAMES: Final = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
_POUND: Final = row(Description="£1 BAG")
_BODY: Final = lines(FIRST, LAST)

_LAYOUT: Final = [
    loaded("a byte order mark", codecs.BOM_UTF8 + _BODY, 2, InvoiceNo="1"),
    loaded("UTF-16, little end first", codecs.BOM_UTF16_LE + between(_POUND).decode().encode("utf-16-le"), 3,
           Description="£1 BAG"),
    loaded("UTF-16, big end first", codecs.BOM_UTF16_BE + between(_POUND).decode().encode("utf-16-be"), 3,
           Description="£1 BAG"),
    loaded("UTF-16 without a mark", between(_POUND).decode().encode("utf-16-le"), 3, Description="£1 BAG"),
    loaded("latin-1", between(_POUND).decode().encode("latin-1"), 3, Description="£1 BAG"),
    loaded("cp1252", between(row(Description="“BAG” €1")).decode().encode("cp1252"), 3, Description="“BAG” €1"),
    loaded("cp1250", between(row(Description="žluťoučký")).decode().encode("cp1250"), 3, Description="žluťoučký"),
    loaded("a byte that is in no code page of Excel", between(_POUND).replace("£".encode(), b"\x81\x90"), 3),
    loaded("CRLF", lines(FIRST, LAST, end="\r\n"), 2, Country="France"),
    loaded("CR", lines(FIRST, LAST, end="\r"), 2, Country="France"),
    loaded("all line ends mixed", f"{HEADER}\r\n{FIRST}\n{row()}\r{LAST}".encode(), 3),
    loaded("no line end at the end", _BODY.rstrip(), 2),
    loaded("blank lines", between("", "", row(), ""), 3),
    loaded("rows of nothing but delimiters", between(",,,,,,,", row(), ",,"), 3),
    loaded("semicolons", _BODY.replace(b",", b";"), 2),
    loaded("tabs", _BODY.replace(b",", b"\t"), 2),
    loaded("bars", _BODY.replace(b",", b"|"), 2),
    loaded("semicolons and quoted ones", between(row(Description='"A;B"').replace(",", ";")).replace(b",", b";"), 3,
           Description="A;B"),
    loaded("sep=; above", b"sep=;\r\n" + _BODY.replace(b",", b";"), 2),
    loaded("a title above", b"Orders export\r\n\r\n" + _BODY, 2),
    loaded("columns in another order", _REORDERED.encode(), 2, InvoiceNo="9", Country="France"),
    loaded("columns of others", lines(f"{FIRST},x,", f"{LAST},,y", header=f"{HEADER},Note,"), 2),
    loaded("other spellings", lines(FIRST, LAST, header=_OTHER_NAMES), 2, UnitPrice=2.5),
    loaded("other cases and spaces", lines(FIRST, LAST, header=" ,".join(NAMES).upper()), 2),
    loaded("a quoted header", lines(FIRST, LAST, header=",".join(f'"{name}"' for name in NAMES)), 2),
    loaded("10,000 columns of others", lines(*(text + ",x" * 9_992 for text in (FIRST, LAST)),
                                             header=HEADER + ",x" * 9_992), 2),
    loaded("real duplicates", lines(FIRST, FIRST, FIRST), 3),
    loaded("day first", lines(*(text.replace("2010-12-13", "13/12/2010").replace("2010-12-14", "14/12/2010")
                                for text in (FIRST, LAST))), 2, InvoiceDate=at("2010-12-14 08:26")),
    loaded("two formats of dates", lines(FIRST, LAST, row(InvoiceDate="13/12/2010 09:00"), row()), 3,
           {"InvoiceDate_unreadable": 1}),
    Loaded("ambiguous dates, decided", lines(row(InvoiceDate="01/02/2011 10:00")), 1, {},
           {"InvoiceDate": at("2011-01-02 10:00")}, ("--dates", "mdy")),
]  # fmt: skip

_RECORDS: Final = [
    loaded("a short row", between("5,B,THING"), 2, {"columns": 1}),
    loaded("a long row", between(row() + ",x"), 2, {"columns": 1}),
    loaded("a row that ends with a delimiter", between(row() + ","), 3),
    loaded("a row of another delimiter", between(row().replace(",", ";")), 2, {"columns": 1}),
    loaded("a row of one word", between("TOTAL"), 2, {"columns": 1}),
    loaded("a row of 10,000 columns", between("x," * 10_000), 2, {"columns": 1}),
    loaded("a row of NUL", between("\0" * 512), 2, {"columns": 1}),
    loaded("the header once more", between(HEADER), 2, {"Quantity_unreadable": 1}),
    loaded("cut off within a row", between(row())[: -len(LAST) // 2], 2, {"columns": 1}),
    loaded("text behind a closing quote", between(row(Description='"THING"x')), 2, {"row_unreadable": 1}),
    loaded("a quote that opens a field", between(row(Description='"THING')), 2, {"row_unreadable": 1}),
    loaded("a quote that opens the first field", between(f'"{row()}'), 2, {"row_unreadable": 1}),
    loaded("a quote that opens the last field", between(row(Country='"France')), 2, {"row_unreadable": 1}),
    loaded("a quote that opens the last row", lines(FIRST, row(Description='"THING')), 1, {"row_unreadable": 1}),
    loaded("a quote before a quoted field", between(row(Description='"A'), row(Description='"B, C"')), 3,
           {"row_unreadable": 1}, Description="B, C"),
    loaded("two quotes that open fields", between(row(Description='"A'), row(), row(Description='"B')), 3,
           {"row_unreadable": 2}),
    loaded("one stray quote in 10,000 rows", lines(*(row(InvoiceNo=str(number)) for number in range(1, 1_000)),
           row(Description='"THING'), *(row(InvoiceNo=str(number)) for number in range(1_001, 10_001))), 9_999,
           {"row_unreadable": 1}),
    loaded("a field of 1 MB", between(row(Description="x" * 1_000_000)), 2, {"Description_too_long": 1}),
    loaded("a quoted field of 1 MB", between(row(Description='"' + "x" * 1_000_000 + '"')), 2,
           {"Description_too_long": 1}),
    loaded("a quoted field of 2 MB", between(row(Description='"' + "x" * 2_000_000 + '"')), 2, {"row_unreadable": 1}),
    loaded("a line of over 1 MiB", between(_LONG), 2, {"row_unreadable": 1}),
    loaded("a line of over 1 MiB behind a stray quote", between(row(Description='"A'), _LONG, row()), 3,
           {"row_unreadable": 2}),
    loaded("a line of over 1 MiB that ends the file", lines(FIRST, _LONG).rstrip(), 1, {"row_unreadable": 1}),
    loaded("six lines in quotes", between(row(Description='"1\n2\n3\n4\n5\n6"')), 3, Description="1\n2\n3\n4\n5\n6"),
    loaded("3,000 lines in quotes", between(row(Description='"' + "x\n" * 3_000 + '"')), 2,
           {"Description_too_long": 1}),
    loaded("300 lines in quotes in a column of others", lines(
        *(text + ',"' + "y\n" * 299 + '"' for text in (FIRST, LAST)), header=f"{HEADER},Note"), 2),
]  # fmt: skip

_GZIPPED: Final = gzip.compress(between(row()), mtime=0)
_COMPRESSED: Final[list[Loaded | Refused]] = [
    loaded("gzip", _GZIPPED, 3),
    loaded("gzip in two members", gzip.compress(lines(FIRST), mtime=0) + gzip.compress(f"{LAST}\n".encode()), 2),
    loaded("gzip with zeros behind it", _GZIPPED + b"\0" * 512, 3),
    loaded("gzip of semicolons in UTF-16", gzip.compress(_BODY.replace(b",", b";").decode().encode("utf-16")), 2),
    Refused("gzip, cut off", _GZIPPED[:-20], "gzip"),
    Refused("gzip, cut off by a byte", _GZIPPED[:-1], "gzip"),
    Refused("gzip with other bytes behind it", _GZIPPED + b"more", "gzip"),
    Refused("gzip of which a byte changed", _GZIPPED[:-6] + b"\xff" + _GZIPPED[-5:], "gzip"),
    Refused("gzip in name only", b"\x1f\x8b" + _BODY, "gzip"),
    Refused("gzip of gzip", gzip.compress(_GZIPPED), "gzip"),
    Refused("gzip of nothing", gzip.compress(b""), "empty"),
]

_WHOLE: Final = [
    Refused("an empty file", b"", "empty"),
    Refused("decimal points and commas in one column", between(row(UnitPrice='"2,55"')), "--decimal"),
    Refused("a byte order mark alone", codecs.BOM_UTF8, "empty"),
    Refused("blank lines alone", b"\n\n\n", "no column"),
    Refused("a header alone", lines(), "no rows"),
    Refused("a header and blank lines", lines("", ""), "no rows"),
    Refused("no header", f"{FIRST}\n{LAST}\n".encode(), "no known export"),
    Refused("a column is missing", _BODY.replace(b"InvoiceDate", b"Weather"), "lacks InvoiceDate"),
    Refused("a quantity under another name", lines(FIRST, row(Quantity="2"), LAST).replace(b"Quantity", b"Amount"),
            "Amount"),
    Refused("a column stands twice", lines(f"{FIRST},6", header=f"{HEADER},Quantity"), "say the same"),
    Refused("a header with an open quote", b'"' + _BODY, "one column"),
    Refused("UTF-16, cut off within a character", _BODY.decode().encode("utf-16")[:-1], "UTF-16"),
    Refused("bytes of two encodings", between(_POUND, "OLD").replace(b"OLD", _POUND.encode("latin-1")), "UTF-8"),
    Refused("every row too short", lines("5,B", "6,B"), "columns 2"),
    Refused("every row too long", lines(FIRST + ",x", LAST + ",x"), "columns 2"),
    Refused("no row that can be understood", lines(row(Quantity="one"), row(Quantity="two")), "Quantity_unreadable 2"),
    Refused("no date that can be read", lines(row(InvoiceDate="soon"), row(InvoiceDate="later")), "InvoiceDate"),
    Refused("epoch seconds for dates", lines(row(InvoiceDate="1298937600")), "InvoiceDate"),
    Refused("only ambiguous dates", lines(row(InvoiceDate="01/02/2011 10:00")), "day first or month first"),
    Refused("bytes that are no text", bytes(range(256)) * 40, "cp1252"),
    Refused("a web page", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "no table of orders"),
    Refused("a JSON file", b'[{"InvoiceNo": 1, "StockCode": "A"}]\n', "no known export"),
]  # fmt: skip

ROWS: Final[list[list[Any]]] = [
    ["1", "A", "FIRST", 6, datetime(2010, 12, 13, 8, 26), 2.55, 12347, "France"],  # noqa: DTZ001
    ["9", "A", "LAST", 6, datetime(2010, 12, 14, 8, 26), 2.55, 12348, "France"],  # noqa: DTZ001
]


def parquet_bytes(rows: Sequence[Sequence[Any]] = ROWS, **types: pa.DataType) -> bytes:
    """Return a Parquet file; `types` gives the types of some columns."""
    columns = {
        name: pa.array(values, type=types.get(name))
        for name, values in zip(NAMES, zip(*rows, strict=True), strict=True)
    }
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def put(name: str, *values: object) -> list[list[Any]]:
    """Return the two good rows with the values of one column replaced."""
    position = NAMES.index(name)
    return [[*r[:position], value, *r[position + 1 :]] for r, value in zip(ROWS, values, strict=True)]


def _without(column: str) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(parquet.read_table(io.BytesIO(parquet_bytes())).drop_columns([column]), buffer)
    return buffer.getvalue()


def _no_rows() -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(parquet.read_table(io.BytesIO(parquet_bytes())).slice(0, 0), buffer)
    return buffer.getvalue()


_PARQUET: Final[list[Loaded | Refused]] = [
    loaded("Parquet", parquet_bytes(), 2, InvoiceDate=at("2010-12-14 08:26")),
    loaded("Parquet, prices in 32 bits", parquet_bytes(UnitPrice=pa.float32()), 2, UnitPrice=2.55),
    loaded("Parquet, quantities in 8 bits", parquet_bytes(Quantity=pa.int8()), 2, Quantity=6),
    loaded("Parquet, decimal prices", parquet_bytes(put("UnitPrice", Decimal("2.55"), Decimal("2.55"))), 2,
           UnitPrice=2.55),
    loaded("Parquet, days for dates", parquet_bytes(put("InvoiceDate", date(2010, 12, 13), date(2010, 12, 14))), 2,
           InvoiceDate=at("2010-12-14")),
    loaded("Parquet, dates with a zone",
           parquet_bytes(InvoiceDate=pa.timestamp("us", tz="Europe/Paris")), 2, InvoiceDate=at("2010-12-14 09:26")),
    loaded("Parquet, dates in nanoseconds", parquet_bytes(InvoiceDate=pa.timestamp("ns")), 2),
    loaded("Parquet, customers as floats", parquet_bytes(put("CustomerID", 12347.0, None)), 2, CustomerID=12347),
    loaded("Parquet, customers as NaN", parquet_bytes(put("CustomerID", float("nan"), 12348.0)), 2, CustomerID=12348),
    loaded("Parquet, no customers at all", parquet_bytes(put("CustomerID", None, None)), 2, CustomerID=None),
    loaded("Parquet, numbers as text", parquet_bytes(put("Quantity", "6", "six")), 1, {"Quantity_unreadable": 1}),
    loaded("Parquet, invoices as numbers", parquet_bytes(put("InvoiceNo", 1, 9)), 2, InvoiceNo="9"),
    loaded("Parquet, invoices as floats", parquet_bytes(put("InvoiceNo", 1.0, 9.0)), 2, InvoiceNo="9"),
    loaded("Parquet, no invoice", parquet_bytes(put("InvoiceNo", "1", None)), 1, {"InvoiceNo_missing": 1}),
    loaded("Parquet, an infinite price", parquet_bytes(put("UnitPrice", 2.55, float("inf"))), 1,
           {"UnitPrice_unreadable": 1}),
    loaded("Parquet, half a thing", parquet_bytes(put("Quantity", 6.0, 6.5)), 2, Quantity=6.5),
    loaded("Parquet, a year too late", parquet_bytes(put("InvoiceDate", datetime(2010, 12, 13), datetime(2999, 1, 1))),  # noqa: DTZ001
           1, {"InvoiceDate_out_of_range": 1}),
    loaded("Parquet, NUL in a text", parquet_bytes(put("Description", "A\0", "LAST")), 1,
           {"Description_unreadable": 1}),
    Refused("Parquet, cut off", parquet_bytes()[:-100], "Parquet"),
    Refused("Parquet, a letter", b"PAR1", "Parquet"),
    Refused("Parquet, a column name that is not UTF-8", parquet_bytes().replace(b"StockCode", b"\xff" * 9), "Parquet"),
    Refused("Parquet, a column is missing", _without("InvoiceDate"), "lacks InvoiceDate"),
    Refused("Parquet, no rows", _no_rows(), "no rows"),
    Refused("Parquet, lists", parquet_bytes(put("Quantity", [6], [6])), "Quantity"),
    Refused("Parquet, yes and no", parquet_bytes(put("Quantity", *YES_NO)), "Quantity"),
    Refused("Parquet, bytes for invoices", parquet_bytes(put("InvoiceNo", b"1", b"9")), "InvoiceNo"),
]  # fmt: skip


def workbook(sheets: dict[str, Iterable[Sequence[Any]]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for cells in rows:
            sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_times(buffer)


def _without_times(book: io.BytesIO) -> bytes:
    """Return the same workbook without the time of its creation: the same bytes in every run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2011-12-10T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _zip(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_WORKBOOK: Final = workbook({"Online Retail": [NAMES, *ROWS]})
_XLSX: Final[list[Loaded | Refused]] = [
    loaded("XLSX", _WORKBOOK, 2, UnitPrice=2.55, InvoiceDate=at("2010-12-14 08:26"), CustomerID=12348),
    loaded("XLSX, two sheets, other spellings", workbook({
        "Year 2009-2010": [_OTHER_NAMES.split(","), ROWS[0]], "Year 2010-2011": [_OTHER_NAMES.split(","), ROWS[1]],
    }), 2, InvoiceNo="9"),
    loaded("XLSX, yes for a number", workbook({"S": [NAMES, *put("Quantity", 6, YES_NO[0])]}), 1,
           {"Quantity_unreadable": 1}),
    loaded("XLSX, an error for a price", workbook({"S": [NAMES, *put("UnitPrice", 2.5, "#N/A")]}), 1,
           {"UnitPrice_unreadable": 1}),
    Refused("XLSX, cut off", _WORKBOOK[:-100], "workbook"),
    Refused("XLSX, no such columns", workbook({"S": [["a", "b"], [1, 2]]}), "no known export"),
    Refused("XLSX, empty", workbook({"S": []}), "empty"),
    Refused("XLSX, a header alone", workbook({"S": [NAMES]}), "no rows"),
    loaded("a zip archive of one CSV file", _zip(**{"a/lines.csv": _BODY.decode(), "__MACOSX/._lines.csv": "\0"}), 2),
    Refused("a zip archive without a table", _zip(lines="InvoiceNo"), "not a workbook"),
    Refused("a zip archive in another", _zip(**{"lines.zip": "PK"}), "zip archive inside"),
    Refused("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "password"),
]  # fmt: skip

ALL: Final[list[Loaded | Refused]] = [*_FIELDS, *_LAYOUT, *_RECORDS, *_COMPRESSED, *_WHOLE, *_PARQUET, *_XLSX]
