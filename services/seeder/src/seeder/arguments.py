"""The command line: what can be asked of the seeder."""

from __future__ import annotations

import argparse
from pathlib import Path

from seeder.sources.uci import WORKBOOK_SHA256, WORKBOOK_URL

CHUNK_ROWS = 5_000  # about 1.3 MB of documents: well under the 48 MB of a message, and few enough round trips


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(prog="seeder", description="Load lines into MongoDB, again and again without harm.")
    commands = whole.add_subparsers(dest="command", required=True)
    from_file = commands.add_parser("load", help="load a CSV (also .gz), Parquet or XLSX file")
    from_file.add_argument("file", type=Path, metavar="FILE", help="- for the standard input")
    from_file.add_argument("--dates", choices=["ymd", "dmy", "mdy"], help="the dates' order, where nothing decides it")
    invented = commands.add_parser("synthetic", help="invent a shop, shaped like Online Retail")
    invented.add_argument("--rows", type=_positive, default=420_000, metavar="N")
    invented.add_argument("--seed", type=_not_negative, default=1, metavar="S")
    invented.add_argument("--to", type=Path, metavar="FILE", help="write a CSV file instead of loading")
    fetched = commands.add_parser("fetch-uci", help="download the public Online Retail file, and load it")
    fetched.add_argument("--to", type=Path, metavar="FILE", help="write the workbook there instead of loading it")
    fetched.add_argument("--url", default=WORKBOOK_URL, help="of the workbook, or of a zip archive with it")
    fetched.add_argument("--sha256", type=str.lower, default=WORKBOOK_SHA256, metavar="HEX", help="of the workbook")
    fetched.set_defaults(dates=None)
    for command in (from_file, invented, fetched):
        command.add_argument("--chunk-rows", type=_positive, default=CHUNK_ROWS, metavar="N")
        command.add_argument("--drop", action="store_true", help="delete everything that is there first")
    aside = commands.add_parser("quarantine", help="list the rows that were put aside, and why")
    aside.add_argument("--load", metavar="ID", help="the rows of one load, named by the start of its id")
    aside.add_argument("--csv", action="store_true", help="write the rows as CSV, to be mended and loaded")
    aside.add_argument("--limit", type=_positive, metavar="N", help="that many at most")
    return whole


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
