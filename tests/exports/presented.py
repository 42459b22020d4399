"""The same export as another program would save it: a file of other dates, decimals, encoding, sequence or kind."""

from __future__ import annotations

import gzip
import re
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from exports.export import Export
    from exports.platforms import Whole

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - the day 0 of spreadsheets
_DAYS = {
    "us": "{0.month}/{0.day}/{0.year}",
    "german": "{0:%d.%m.%Y}",
    "british": "{0:%d/%m/%Y}",
    "iso": "{0:%Y-%m-%d}",
}
_ORDERS = {"us": "mdy", "german": "dmy", "british": "dmy"}
_ZEROS = re.compile(r"0\d|.{16}")  # a spreadsheet would shorten it, so that people import it as text


@dataclass(frozen=True)
class Presented:
    """How a file is saved."""

    dates: str = ""  # "us", "german", "british", "iso", "serial"; "": as the system wrote them
    decimal: str = "."  # "," or "each": some amounts with a point, some with a comma
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    sep: bool = False
    title: str = ""
    kind: str = "csv"  # "csv", "zip", "gz", "xlsx"
    rows: str = ""  # "orders" or "rows" in any sequence
    columns: bool = False  # in any order, in other cases, with one more

    def arguments(self, platform: Whole) -> tuple[str, ...]:
        """What has to be said where the dates of a small file may not tell day and month apart."""
        if self.dates in _ORDERS and self.kind != "xlsx":
            return ("--dates", _ORDERS[self.dates])
        return platform.arguments if not self.dates and self.kind != "xlsx" else ()

    def write(self, export: Export, platform: Whole, folder: Path, name: str, rng: random.Random) -> Path:
        """Write the file."""
        export = self._arranged(export, rng)
        if self.kind == "xlsx":
            return _workbook(self._headed(export, rng), export.columns, platform.dates, folder / f"{name}.xlsx")
        if self.dates:
            export = _redated(export, platform.dates, self.dates)
        if self.decimal == ",":
            export = export.decimal_comma()
        if self.decimal == "each":
            export = export.mixed_decimals(rng)
        content = self._headed(export, rng).encoded(self.encoding, self.delimiter, sep=self.sep, title=self.title)
        return _packed(content, self.kind, folder, name)

    def _arranged(self, export: Export, rng: random.Random) -> Export:
        if self.columns:
            export = export.shuffled_columns(rng)
        return {"orders": export.shuffled_orders, "rows": export.shuffled_rows}.get(self.rows, lambda _: export)(rng)

    def _headed(self, export: Export, rng: random.Random) -> Export:
        return export.restyled_headers(rng).with_column("A note of ours", "x") if self.columns else export


def any_way(rng: random.Random, platform: Whole, *, keep_rows: bool = False) -> Presented:
    """Any way of saving an export of this system; `keep_rows`: the rows keep their sequence."""
    decimal = rng.choice((".", ".", ",", "each") if platform.mixed else "..,")
    sequences = ("", "orders", "rows") if platform.scattered else ("", "orders")
    return Presented(
        dates=rng.choice(("", "", "", "us", "german", "british", "iso", "serial")),
        decimal=decimal,
        encoding=rng.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le")),
        delimiter=rng.choice(",;\t") if decimal == "." else rng.choice(";;\t,"),
        sep=rng.random() < 0.2,
        title="Orders of the shop" if rng.random() < 0.15 else "",
        kind=rng.choice(("csv", "csv", "csv", "csv", "zip", "gz", "xlsx")),
        rows="" if keep_rows else rng.choice(sequences),
        columns=rng.random() < 0.4,
    )


def _packed(content: bytes, kind: str, folder: Path, name: str) -> Path:
    path = folder / {"csv": f"{name}.csv", "zip": f"{name}.zip", "gz": f"{name}.csv.gz"}[kind]
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.csv", content)
    else:
        path.write_bytes(gzip.compress(content, mtime=0) if kind == "gz" else content)
    return path


def _redated(export: Export, dates: Mapping[str, str], style: str) -> Export:
    """The export with its dates as a spreadsheet shows them: to the minute, without an offset."""
    for name, written in dates.items():
        with_time = "%H" in written or "%I" in written
        export = _column(export, name, partial(_again, written=written, style=style, with_time=with_time))
    if "Time" in export.columns and style == "us":
        return _column(export, "Time", lambda cell: f"{time.fromisoformat(cell):%I:%M:%S %p}".lstrip("0"))
    if "Time" in export.columns and style == "serial":
        return _column(export, "Time", lambda cell: f"{_serial(_EPOCH.replace(hour=0), cell):.10f}")
    return export


def _column(export: Export, name: str, change: Callable[[str], Any]) -> Export:
    at = export.column(name)
    rows = [[change(cell) if index == at and cell else cell for index, cell in enumerate(row)] for row in export.rows]
    return replace(export, rows=rows)


def _again(cell: str, *, written: str, style: str, with_time: bool) -> str:
    return _shown(_instant(cell, written), style, with_time)


def _instant(cell: str, written: str) -> datetime:
    return datetime.strptime(cell, written).replace(tzinfo=None)  # noqa: DTZ007 - as a spreadsheet shows it


def _serial(day: datetime, clock: str) -> float:
    hours, minutes, seconds = map(int, clock.split(":"))
    return (hours * 3600 + minutes * 60 + seconds) / 86_400 + (day - _EPOCH).days


def _shown(instant: datetime, style: str, with_time: bool) -> str:
    if style == "serial":
        days = (instant - _EPOCH).total_seconds() / 86_400
        return f"{days:.10f}" if with_time else f"{days:.0f}"
    return _DAYS[style].format(instant) + (f" {instant:%H:%M}" if with_time else "")


def _workbook(headed: Export, columns: list[str], dates: Mapping[str, str], path: Path) -> Path:
    """Write a workbook with numbers as numbers and dates as dates."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    names = columns if len(columns) == len(headed.columns) else ["", *columns]
    sheet.append(headed.columns)
    for row in headed.rows:
        sheet.append([_typed(cell, name, dates, headed.money) for cell, name in zip(row, names, strict=True)])
    book.save(path)
    return path


def _typed(cell: str, name: str, dates: Mapping[str, str], money: tuple[str, ...]) -> object:
    if not cell:
        return None
    if name in dates:
        return _instant(cell, dates[name])
    if name == "Time":
        return time.fromisoformat(cell)
    if name in money:
        return float(cell.replace("$", "").replace(",", ""))
    return int(cell) if cell.isdecimal() and not _ZEROS.match(cell) else cell
