"""The command line of scripts/up, and the checks that fail at once instead of minutes later. Standard library only."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MIN_FREE_BYTES = 2 << 30  # 0.9 GB for the environment, 0.3 GB for the database; mongod stops below 0.5 GB


# Options that the seeder has too, in its words; it checks their values.
READING: Final[dict[str, dict[str, Any]]] = {
    "yes": {"action": "store_true", "help": "load although something looks wrong"},
    "replace-orders": {"action": "store_true", "help": "an order that is stored with other lines is replaced"},
    "add-lines": {"action": "store_true", "help": "its new lines are added to those that are stored"},
    "drop": {"action": "store_true", "help": "delete all data in the database first"},
    "map": {"type": Path, "metavar": "FILE.yaml", "help": "which column holds which of our values"},
    "format": {"metavar": "NAME", "help": "the format, where the header does not say it"},
    "sheet": {"metavar": "NAME", "help": "the sheet of a workbook"},
    "dates": {"metavar": "ORDER", "help": "ymd, dmy or mdy"},
    "decimal": {"metavar": "MARK", "help": "the decimal mark: . or ,"},
    "latest": {"metavar": "DAY", "help": "the last day that is believed, like 2025-06-30"},
    "cancelled-prefix": {"metavar": "LETTER", "help": "letter of cancelled invoices, or none"},
    "rates": {"type": Path, "metavar": "FILE", "help": "CSV: currency, date from, rate into the shop's"},
}


class UpError(Exception):
    """Why scripts/up failed, in one line."""


def parse_arguments(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/up", description=description)
    data = parser.add_mutually_exclusive_group()
    data.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="look at a shop's export and load it (file, zip or folder)",
    )
    data.add_argument("--fetch-uci", action="store_true", help="download the public Online Retail file and load it")
    parser.add_argument("--port", type=port_number, default=8000, metavar="N", help="port of the API (8000)")
    parser.add_argument(
        "--state", type=state_directory, default=ROOT / ".local", metavar="DIR", help="database, models, logs (.local)"
    )
    parser.add_argument("--detach", action="store_true", help="leave it running and return; scripts/down stops it")
    reading = parser.add_argument_group("how --data is read, where the file leaves it open (docs/loading.md)")
    for name, more in READING.items():
        reading.add_argument(f"--{name}", **more)
    options = parser.parse_args()
    options.state = options.state.absolute()
    options.data = options.data and options.data.absolute()
    options.reading = list(reading_of(options))
    if options.reading and not options.data:
        parser.error(f"{options.reading[0]} needs --data")
    return options


def reading_of(options: argparse.Namespace) -> Iterator[str]:
    """Yield the options that the seeder gets, as on its command line."""
    for name in READING:
        given = getattr(options, name.replace("-", "_"))
        if given is True:
            yield f"--{name}"
        elif given:
            yield from (f"--{name}", str(given.absolute() if isinstance(given, Path) else given))


def state_directory(text: str) -> Path:
    """Return a path; the empty string is an error."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def port_number(text: str) -> int:
    """Return a valid TCP port."""
    port = int(text)
    if not 1 <= port <= 65535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("must be from 1 to 65535")
    return port


def check(options: argparse.Namespace) -> None:
    """Raise UpError for anything that would fail minutes later."""
    if options.data:
        check_data(options.data)
    try:
        options.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UpError(f"--state {options.state}: {error.strerror}") from None
    if not os.access(options.state, os.W_OK | os.X_OK):
        raise UpError(f"--state {options.state}: this user cannot write there")
    free = shutil.disk_usage(options.state).free
    if free < MIN_FREE_BYTES:
        raise UpError(
            f"{options.state}: {free >> 20} MiB free, {MIN_FREE_BYTES >> 20} MiB needed: free some, or use --state"
        )
    if not processes.running(process_file(options)):
        check_port(options)


def check_data(file: Path) -> None:
    """Raise UpError unless this user can read the file, or list the folder."""
    try:
        if not file.is_file() and not file.is_dir():
            raise UpError(f"--data {file}: no such file or folder")
    except PermissionError:
        raise UpError(f"--data {file}: this user cannot open the folder") from None
    if not os.access(file, os.R_OK | (os.X_OK if file.is_dir() else 0)):
        raise UpError(f"--data {file}: this user cannot read it")


def check_port(options: argparse.Namespace) -> None:
    """Raise UpError if something already listens on the port."""
    if port_is_busy(options.port):
        raise UpError(f"port {options.port} is busy: stop its program (see 'ss -ltnp'), or choose another with --port")


def process_file(options: argparse.Namespace) -> Path:
    """Return the file that records the processes of this state."""
    return Path(options.state / "processes.json")


def port_is_busy(port: int) -> bool:
    """Return whether something listens on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
