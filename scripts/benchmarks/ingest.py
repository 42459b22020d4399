"""Loading: rows per second against the server's ceiling and the usual way, peak memory, and how both grow."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.ingest_report import Round, comparison, figures, growth, median_of, speed
from benchmarks.ingest_rows import Rows, check_disk, chosen, write_csv, write_parquet
from benchmarks.ingest_ways import WAYS
from benchmarks.server import measured, seeder_peak_rss_mb


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `scripts/bench ingest`."""
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    parser.add_argument("--rows-file", type=Path, metavar="FILE", help="rows to load (CSV or Parquet)")
    parser.add_argument("--runs", type=_positive, default=5, metavar="N", help="rounds of the comparison (5)")
    parser.add_argument(
        "--factors",
        type=_factors,
        default=[1, 4, 16],
        metavar="1,4,16",
        help="multiples of the rows at which time and memory are measured (1,4,16)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure in a temporary folder and print the results."""
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as folder_name:
        folder = Path(folder_name)
        with chosen(options.rows_file, folder) as rows:
            found = _measure(rows, options, folder)
    if not options.json:
        print("\n".join([*comparison(found), *growth(found)]))
    print(json.dumps(found))


def _measure(rows: Rows, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    check_disk(folder, rows.row_count * max(options.factors))
    rounds = _compare(rows, options.runs, folder)
    sizes = {factor: _size(rows, factor, rounds, folder) for factor in options.factors}
    return figures(rows.name, rows.row_count, rounds, sizes)


def _compare(rows: Rows, runs: int, folder: Path) -> list[Round]:
    """Run the ways in turn, round after round, so that other work on the machine slows all of them alike."""
    file = write_csv(rows, 1, folder / "rows.csv")
    rounds = []
    for number in range(1, runs + 1):
        rounds.append({way: measured(way, file) for way in WAYS})
        speeds = ", ".join(f"{way} {speed(report):,.0f}" for way, report in rounds[-1].items())
        _say(f"round {number} of {runs}, rows/s: {speeds}")
    file.unlink()
    return rounds


def _size(rows: Rows, factor: int, rounds: list[Round], folder: Path) -> dict[str, float]:
    """Return seconds and peak memory for this many copies of the rows; the seconds of one copy come from the rounds."""
    csv = write_csv(rows, factor, folder / "copies.csv")
    seconds = median_of(rounds, "product", "seconds") if factor == 1 else measured("product", csv)["seconds"]
    csv_mb = seeder_peak_rss_mb(csv)
    csv.unlink()
    parquet = write_parquet(rows, factor, folder / "copies.parquet")
    parquet_mb = seeder_peak_rss_mb(parquet)
    parquet.unlink()
    _say(f"×{factor}: {seconds:.1f} s, peak {csv_mb:.0f} MB from CSV, {parquet_mb:.0f} MB from Parquet")
    return {"seconds": seconds, "csv_mb": csv_mb, "parquet_mb": parquet_mb}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def _factors(text: str) -> list[int]:
    """Return the factors in ascending order. 1 is always included, because the others are compared with it."""
    return sorted({1, *(_positive(part) for part in text.split(","))})
