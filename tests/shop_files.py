"""One small shop's nine lines, written as the export of many systems would: files that real shops have."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
LINES: list[list[Any]] = [
    ["3101", "LIN-BLU", "Linen Towel", 2, "2025-03-01 18:22:10", 14.0, 17, "GB"],
    ["3101", "SOAP-1", "Soap Bar", 1, "2025-03-01 18:22:10", 14.0, 17, "GB"],
    ["3102", "OAK", "Oak Table", 1, "2025-03-02 00:05:44", 1240.5, 23, "DE"],
    ["3103", "SOAP-1", "Soap Bar", 3, "2025-03-15 11:40:00", 14.0, 17, "GB"],
    ["3104", "LIN-BLU", "Linen Towel", 1, "2025-04-20 09:00:00", 14.0, 42, "FR"],
    ["3104", "CUP", "Cup", 4, "2025-04-20 09:00:00", 3.25, 42, "FR"],
    ["3105", "CUP", "Cup", 2, "2025-05-13 14:00:00", 3.25, 57, "GB"],
    ["3106", "SOAP-1", "Soap Bar", 10, "2025-06-30 21:30:00", 12.6, 23, "DE"],
    ["3107", "OAK", "Oak Table", 1, "2025-06-30 23:50:00", 1240.5, 42, "FR"],
]
E_MAILS = {17: "maya@fernhill.example", 23: "guest@example.org", 42: "lou@example.net", 57: "kit@example.com"}
INVOICE, CODE, TEXT, QUANTITY, DATE, PRICE, PERSON, COUNTRY = range(8)

# Orders, gross and net of 17, 23, 42 and 57: the answer to every faithful export.
RIGHT = {17: (2, 84.0, 84.0), 23: (2, 1366.5, 1366.5), 42: (2, 1267.5, 1267.5), 57: (1, 6.5, 6.5)}


def figures(**changed: tuple[int, float, float] | None) -> list[tuple[int, float, float]]:
    """Return the right figures, sorted, with those of some customers (`c17=…`) changed or, with None, left out."""
    by_customer: dict[int, tuple[int, float, float] | None] = {**RIGHT}
    by_customer |= {int(name[1:]): figure for name, figure in changed.items()}
    return sorted(figure for figure in by_customer.values() if figure)


def lines(**columns: Callable[[list[Any]], Any]) -> list[list[Any]]:
    """Return the lines with some columns, by the names above in lower case, made anew from the whole line."""
    places = {name.lower(): place for place, name in enumerate(["INVOICE", "CODE", "TEXT", "QUANTITY", "DATE", "PRICE", "PERSON", "COUNTRY"])}  # fmt: skip
    changed = []
    for line in LINES:
        new = list(line)
        for name, made in columns.items():
            new[places[name]] = made(line)
        changed.append(new)
    return changed


def text_of(rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER, delimiter: str = ",") -> str:
    """Return the rows as CSV."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return file.getvalue()


def written(path: Path, rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER, delimiter: str = ",") -> Path:
    """Write the rows as a CSV file in UTF-8."""
    path.write_text(text_of(rows, header, delimiter), encoding="utf-8")
    return path


def zipped(path: Path, member: str, text: str) -> Path:
    """Write a zip archive with one file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return path


def workbook(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write a workbook with one sheet of these rows."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def money(value: float) -> str:
    """Return 1240.5 as `1,240.50`."""
    return f"{value:,.2f}"


def german(value: float) -> str:
    """Return 1240.5 as `1.240,50`."""
    return money(value).translate(str.maketrans(",.", ".,"))
