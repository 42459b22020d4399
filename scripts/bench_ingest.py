"""Rows a second of the load, beside the server's ceiling and the usual way; its memory; whether time is linear."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench_report import Round, comparison, figures, growth, median_of, speed
from bench_rows import Rows, check_disk, chosen, write_csv, write_parquet
from bench_server import measured, seeder_peak_rss_mb
from bench_ways import WAYS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    parser.add_argument("--rows-file", type=Path, metavar="FILE", help="measure these rows (CSV or Parquet)")
    parser.add_argument("--runs", type=_positive, default=5, metavar="N", help="rounds of the comparison (5)")
    parser.add_argument(
        "--factors",
        type=_factors,
        default=[1, 4, 16],
        metavar="1,4,16",
        help="sizes at which memory and time are taken",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure in a temporary folder and print what came of it."""
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
    """Take every way in turn, again and again: what else the machine does then hits all alike."""
    file = write_csv(rows, 1, folder / "rows.csv")
    rounds = []
    for number in range(1, runs + 1):
        rounds.append({way: measured(way, file) for way in WAYS})
        speeds = ", ".join(f"{way} {speed(report):,.0f}" for way, report in rounds[-1].items())
        _say(f"round {number} of {runs}, rows/s: {speeds}")
    file.unlink()
    return rounds


def _size(rows: Rows, factor: int, rounds: list[Round], folder: Path) -> dict[str, float]:
    """Measure so many copies: seconds (once; of one copy they are known), and peak memory from CSV and Parquet."""
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
    """Return the factors in order; 1 is always among them, since the others are compared with it."""
    return sorted({1, *(_positive(part) for part in text.split(","))})
