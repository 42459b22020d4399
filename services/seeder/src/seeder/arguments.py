"""The command line."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Final

from seeder.conventions import Choices
from seeder.formats.recognise import FORMATS
from seeder.prepare import FileOptions
from seeder.sources.uci import WORKBOOK_SHA256, WORKBOOK_URL

CHUNK_ROWS: Final = 5_000  # about 1.3 MB of documents: well under the 48 MB of a message, and few enough round trips
SYNTHETIC_ROWS: Final = 420_000  # about the size of Online Retail


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="seeder", description="Load transaction lines into MongoDB. Loading a file twice changes nothing."
    )
    commands = root.add_subparsers(dest="command", required=True)
    _add_look(commands)
    loading = [_add_load(commands), _add_synthetic(commands), _add_fetch(commands)]
    for command in loading:
        command.add_argument(
            "--chunk-rows",
            type=_positive,
            default=CHUNK_ROWS,
            metavar="N",
            help="rows at a time (default: %(default)s)",
        )
        command.add_argument("--drop", action="store_true", help="delete all data in the database first")
    commands.add_parser("refresh", help="bring the database up to this release: derive what another release derived")
    _add_quarantine(commands)
    return root


def file_options(options: argparse.Namespace) -> FileOptions:
    """Return what the command line says about a file; nothing, for data without one."""
    given = vars(options)
    return FileOptions(
        given.get("format"),
        given.get("map"),
        given.get("rates"),
        given.get("cancelled_prefix"),
        Choices(given.get("dates"), given.get("decimal")),
    )


def _add_look(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("look", help="show what a file holds and how it would be loaded; writes nothing")
    _add_file(command)


def _add_load(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    command = commands.add_parser("load", help="load a shop's export: CSV (also .gz, .zip), Parquet, XLSX or a folder")
    _add_file(command)
    again = command.add_mutually_exclusive_group()
    again.add_argument(
        "--replace-orders", action="store_true", help="an order that is stored already with other lines is replaced"
    )
    again.add_argument("--add-lines", action="store_true", help="its new lines are added to those that are stored")
    command.add_argument("--look", action="store_true", help="show the screen of look before loading")
    command.add_argument("--yes", action="store_true", help="load although something looks wrong")
    return command


def _add_file(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="the file or folder, or - for the standard input")
    command.add_argument("--format", metavar="NAME", help=f"one of {', '.join(FORMATS)} (default: by its header)")
    command.add_argument("--map", type=Path, metavar="FILE.yaml", help="which column holds which of our values")
    command.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    command.add_argument(
        "--dates", choices=["ymd", "dmy", "mdy"], help="order of day, month and year, where the dates are ambiguous"
    )
    command.add_argument(
        "--decimal", choices=[".", ","], metavar="MARK", help="the decimal mark, . or , where the numbers are ambiguous"
    )
    command.add_argument("--latest", type=_day, metavar="DAY", help="the last day that is believed, like 2025-06-30")
    command.add_argument(
        "--cancelled-prefix", type=_letter, metavar="LETTER", help="letter of cancelled invoices, or 'none'"
    )
    command.add_argument("--rates", type=Path, metavar="FILE", help="CSV: currency, date from, rate into the shop's")


def _add_synthetic(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    command = commands.add_parser("synthetic", help="load synthetic data, shaped like Online Retail")
    command.add_argument(
        "--rows", type=_positive, default=SYNTHETIC_ROWS, metavar="N", help="number of rows (default: %(default)s)"
    )
    command.add_argument(
        "--seed", type=_not_negative, default=1, metavar="S", help="random seed (default: %(default)s)"
    )
    command.add_argument("--to", type=Path, metavar="FILE", help="write a CSV file instead of loading")
    return command


def _add_fetch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    command = commands.add_parser("fetch-uci", help="download and load the public Online Retail data")
    command.add_argument("--to", type=Path, metavar="FILE", help="only save the workbook to FILE")
    command.add_argument(
        "--url", default=WORKBOOK_URL, help="address of the workbook, or of a zip archive that contains it"
    )
    command.add_argument(
        "--sha256", type=str.lower, default=WORKBOOK_SHA256, metavar="HEX", help="checksum of the workbook"
    )
    return command


def _add_quarantine(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("quarantine", help="list the quarantined rows and why they were not loaded")
    command.add_argument("--load", metavar="ID", help="only the rows of one load; the start of its id is enough")
    command.add_argument("--csv", action="store_true", help="write the rows as CSV, to correct and load")
    command.add_argument("--limit", type=_positive, metavar="N", help="show at most N lines")


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _letter(text: str) -> str:
    if text.lower() == "none":
        return ""
    if not (len(text) == 1 and text.isascii() and text.isalpha()):
        raise argparse.ArgumentTypeError("must be one letter, or none")
    return text.upper()


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
