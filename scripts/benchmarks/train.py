"""Training: time and memory by stage, against one read of the rows and the bare fits; memory growth with customers."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.server import BenchError
from benchmarks.shop import add_shop_arguments, shop
from retention.store import schema

if TYPE_CHECKING:
    import argparse

    from pymongo.database import Database

    from benchmarks.shop import Shop

REPORT: Final = "report"  # timed separately
STAGE: Final = re.compile(r"(\w+) +([\d.]+) s +(\d+) MB")


class Round(NamedTuple):
    """One training run, and the floor measured after it."""

    wall_s: float
    peak_rss_mb: float
    stages: dict[str, tuple[float, float]]  # seconds; peak memory of the process so far, MB
    floor: dict[str, float]

    @property
    def train_s(self) -> float:
        """The stages' time without the report. Like the floor's, it excludes start-up and imports."""
        return sum(seconds for name, (seconds, _) in self.stages.items() if name != REPORT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `scripts/bench train`."""
    add_shop_arguments(parser)
    parser.add_argument("--factor", type=int, default=1, metavar="N", help="then train once on N times the customers")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure in a temporary folder and print the results."""
    with (
        tempfile.TemporaryDirectory(prefix="retention-bench-") as folder,
        shop(options.data, options.rows, Path(folder)) as loaded,
    ):
        rounds = [_round(loaded, f"round {number} of {options.runs}") for number in range(1, options.runs + 1)]
        found = _figures(options, rounds)
        if options.factor > 1:
            multiply(loaded.database, options.factor)
            larger = _round(loaded, f"×{options.factor}")
            found |= _growth(options.factor, found, larger)
    if not options.json:
        print("\n".join(_table(found)))
    print(json.dumps(found))


def multiply(database: Database[dict[str, Any]], factor: int) -> None:
    """Replace every customer by `factor` customers with the same orders."""
    last = next(database[schema.ORDERS].aggregate([{"$group": {"_id": None, "id": {"$max": "$_id.customer_id"}}}]))
    of_copy = {"$add": ["$_id.customer_id", {"$multiply": ["$copy", last["id"] + 1]}]}
    stages: list[dict[str, Any]] = [
        {"$set": {"copy": {"$range": [0, factor]}}},
        {"$unwind": "$copy"},
        {"$set": {"_id.customer_id": of_copy}},
        {"$unset": "copy"},
        {"$out": schema.ORDERS},
    ]
    database[schema.ORDERS].aggregate(stages, allowDiskUse=True)


def _round(loaded: Shop, label: str) -> Round:
    ran = loaded.run("-m", "trainer", "train", "--force")
    stages = {
        found[1]: (float(found[2]), float(found[3])) for line in ran.lines if (found := STAGE.fullmatch(line.strip()))
    }
    if not stages:
        raise BenchError("trainer train printed no stages")
    floor: dict[str, float] = json.loads(loaded.run("-m", "benchmarks.train_floor").lines[-1])
    measured = Round(ran.seconds, ran.peak_rss_mb, stages, floor)
    print(
        f"{label}: {measured.train_s:.1f} s over {floor['seconds']:.1f} s, {ran.peak_rss_mb:.0f} MB",
        file=sys.stderr,
        flush=True,
    )
    return measured


def _figures(options: argparse.Namespace, rounds: list[Round]) -> dict[str, Any]:
    ratios = [one.train_s / one.floor["seconds"] for one in rounds]
    return {
        "data": options.data.name if options.data else "an invented shop",
        "runs": len(rounds),
        "ratio_to_floor": round(median(ratios), 2),
        "ratios_to_floor": [round(ratio, 2) for ratio in ratios],
        "train_s": round(median(one.train_s for one in rounds), 2),
        "report_s": round(median(one.stages.get(REPORT, (0.0, 0.0))[0] for one in rounds), 2),
        "wall_s": round(median(one.wall_s for one in rounds), 2),  # start-up and report included
        "peak_rss_mb": round(max(one.peak_rss_mb for one in rounds), 1),
        "stages": {
            name: {
                "seconds": round(median(one.stages[name][0] for one in rounds), 2),
                "peak_rss_mb": max(one.stages[name][1] for one in rounds),
            }
            for name in rounds[0].stages
        },
        "floor": {name: round(median(one.floor[name] for one in rounds), 2) for name in rounds[0].floor},
    }


def _growth(factor: int, once: dict[str, Any], larger: Round) -> dict[str, Any]:
    return {
        "factor": factor,
        "peak_rss_mb_by_factor": {"1": once["peak_rss_mb"], str(factor): round(larger.peak_rss_mb, 1)},
        "memory_ratio": round(larger.peak_rss_mb / once["peak_rss_mb"], 2),
        "train_s_by_factor": {"1": once["train_s"], str(factor): round(larger.train_s, 2)},
        "ratio_to_floor_by_factor": {
            "1": once["ratio_to_floor"],
            str(factor): round(larger.train_s / larger.floor["seconds"], 2),
        },
    }


def _table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"training on {found['data']}; medians of {found['runs']} rounds",
        f"{'stage':16}{'seconds':>9}{'peak MB':>9}",
        *(f"{name:16}{one['seconds']:>9.2f}{one['peak_rss_mb']:>9.0f}" for name, one in found["stages"].items()),
        f"{'without report':16}{found['train_s']:>9.2f}{found['peak_rss_mb']:>9.0f}",
        f"{'the floor':16}{found['floor']['seconds']:>9.2f}{found['floor']['peak_rss_mb']:>9.0f}",
        f"{found['ratio_to_floor']:.2f} × the floor; the whole process takes {found['wall_s']:.1f} s",
    ]
    if "factor" in found:
        lines.append(f"{found['factor']} × the customers: {found['memory_ratio']:.2f} × the memory")
    return lines
