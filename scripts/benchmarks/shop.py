"""A shop for benchmarks: loaded into its own mongod with the seeder's command line."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pymongo

from benchmarks.server import DATABASE, BenchError, peak_rss_mb, server

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any

    from pymongo.database import Database

INVENTED_ROWS: Final = 420_000  # as `seeder synthetic` does by default


def add_shop_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the shop and the number of rounds."""
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    parser.add_argument("--data", type=Path, metavar="FILE", help="use the customers of this file")
    parser.add_argument(
        "--rows", type=int, default=INVENTED_ROWS, metavar="N", help="otherwise invent a shop of N rows (420,000)"
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="rounds of the comparison (3)")


class Ran(NamedTuple):
    """A successful command: its output, and its time and peak memory with start-up included."""

    lines: list[str]
    seconds: float
    peak_rss_mb: float


class Shop(NamedTuple):
    """A loaded database, a folder for models, and the environment that names both."""

    environ: dict[str, str]
    models_dir: Path
    database: Database[dict[str, Any]]

    def run(self, *command: str) -> Ran:
        """Run a Python program on the shop. BenchError if it fails."""
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *command], env=self.environ, stdout=subprocess.PIPE, text=True)
        try:
            peak = peak_rss_mb(process)
            printed, _ = process.communicate()
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise BenchError(f"python {' '.join(command)} ended with {process.returncode}")
        return Ran(printed.splitlines(), time.perf_counter() - started, peak)


@contextmanager
def shop(data: Path | None, rows: int, folder: Path) -> Iterator[Shop]:
    """Load `data`, or an invented shop of `rows` rows, into an empty mongod."""
    key_file = folder / "model_signing_key"
    key_file.write_text(secrets.token_hex(32))
    models_dir = folder / "models"
    with server(folder) as environ:
        environ |= {"MODELS_DIR": str(models_dir), "MODEL_SIGNING_KEY_FILE": str(key_file)}
        with pymongo.MongoClient[dict[str, object]](environ["MONGO_URI"], tz_aware=True) as client:
            loaded = Shop(environ, models_dir, client[DATABASE])
            what = ("load", str(data)) if data else ("synthetic", "--rows", str(rows))
            loaded.run("-m", "seeder", *what)
            yield loaded
