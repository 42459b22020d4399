"""Writes synthetic transactions as the CSV file that the shop would have published."""

import csv
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from retention.store import schema
from seeder.sources.synthetic.table import Row, synthetic_rows


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Write the rows to *path*, whole or not at all: published header, `dd-mm-yyyy HH:MM`, UTF-8, CRLF."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(schema.LINE_FIELDS)
            writer.writerows(_with_written_dates(synthetic_rows(rows, seed)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _with_written_dates(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the same rows with the date as text; the lines of one invoice share one conversion."""
    last, text = None, ""
    for row in rows:
        if row[4] is not last:
            last = row[4]
            text = f"{last:%d-%m-%Y %H:%M}" if isinstance(last, datetime) else str(last)
        yield (*row[:4], text, *row[5:])
