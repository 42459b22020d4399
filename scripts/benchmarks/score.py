"""Scoring: time and memory for 1,000,000 customers inside the database, against pull, scikit-learn and write back."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.score_usual import STAGES, USUAL
from benchmarks.server import BenchError
from benchmarks.shop import Ran, Shop, add_shop_arguments, shop
from retention.store import schema

if TYPE_CHECKING:
    import argparse

    from pymongo.database import Database

    from retention.features.pipelines import Pipeline

COMPARED: Final = 20_000  # customers whose scores from both ways are compared
PRIME: Final = 2_147_483_647
GOLDEN: Final = 0.618_033_988_749_895  # its multiples modulo 1 are evenly spread and look random


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `scripts/bench score`."""
    add_shop_arguments(parser)
    parser.add_argument("--customers", type=int, default=1_000_000, metavar="N", help="customers to score (1,000,000)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure in a temporary folder and print the results."""
    with (
        tempfile.TemporaryDirectory(prefix="retention-bench-") as folder,
        shop(options.data, options.rows, Path(folder)) as loaded,
    ):
        loaded.run("-m", "trainer", "train")
        multiply(loaded.database, options.customers)
        rounds = [_round(loaded, number, options.runs) for number in range(1, options.runs + 1)]
        found = _figures(options, rounds, largest_difference(loaded.database))
    if not options.json:
        print("\n".join(_table(found)))
    print(json.dumps(found))


def multiply(database: Database[dict[str, Any]], wanted: int) -> None:
    """Multiply the customers to `wanted`: copies whose recency and money differ by up to a fifth.

    The copies are the same in every run, and their ids are as unordered as those of a real shop.
    """
    copies = -(-wanted // database[schema.CUSTOMERS].estimated_document_count())
    number = {"$add": [{"$multiply": ["$place", copies]}, "$copy"]}
    recency = {"$toInt": {"$floor": {"$multiply": ["$customer.Recency", _factor(1)]}}}
    money = {
        name: {"$round": [{"$multiply": [f"$customer.{name}", _factor(2)]}, 2]} for name in ("Monetary", "net_monetary")
    }
    own = {"_id": {"$mod": [{"$multiply": ["$number", 618_033]}, PRIME]}, "Recency": recency, **money}
    stages: Pipeline = [
        {"$sort": {"_id": 1}},
        {"$group": {"_id": None, "customer": {"$push": "$$ROOT"}}},
        {"$unwind": {"path": "$customer", "includeArrayIndex": "place"}},
        {"$set": {"copy": {"$range": [0, copies]}}},
        {"$unwind": "$copy"},
        {"$limit": wanted},
        {"$set": {"number": number}},
        {"$replaceWith": {"$mergeObjects": ["$customer", own]}},
        {"$out": schema.CUSTOMERS},
    ]
    database[schema.CUSTOMERS].aggregate(stages, allowDiskUse=True)


def _factor(multiple: int) -> dict[str, Any]:
    return {"$add": [0.8, {"$multiply": [0.4, {"$mod": [{"$multiply": ["$number", GOLDEN * multiple]}, 1]}]}]}


def _round(loaded: Shop, number: int, runs: int) -> tuple[Ran, dict[str, float]]:
    """Score both ways in turn, so that other work on the machine slows both alike."""
    ours = loaded.run("-m", "trainer", "score")
    loaded.database[USUAL].drop()
    usual: dict[str, float] = json.loads(loaded.run("-m", "benchmarks.score_usual").lines[-1])
    print(
        f"round {number} of {runs}: {ours.seconds:.1f} s, {ours.peak_rss_mb:.0f} MB in the database; "
        f"{usual['seconds']:.1f} s, {usual['peak_rss_mb']:.0f} MB the usual way",
        file=sys.stderr,
        flush=True,
    )
    return ours, usual


def largest_difference(database: Database[dict[str, Any]]) -> float:
    """Return the largest difference between two probabilities. Raise BenchError if any other field differs."""
    largest = 0.0
    scores, usual = (database[name].find(sort=[("_id", 1)], limit=COMPARED) for name in (schema.SCORES, USUAL))
    for one, other in zip(scores, usual, strict=True):
        largest = max(largest, abs(one.pop("churn_probability") - other.pop("churn_probability")))
        if one != other:
            raise BenchError(f"the two ways give different scores: {one} and {other}")
    return largest


def _figures(
    options: argparse.Namespace, rounds: list[tuple[Ran, dict[str, float]]], difference: float
) -> dict[str, Any]:
    ratios = [usual["seconds"] / ours.seconds for ours, usual in rounds]
    return {
        "customers": options.customers,
        "data": options.data.name if options.data else "an invented shop",
        "runs": len(rounds),
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "seconds": round(median(ours.seconds for ours, _ in rounds), 2),
        "usual_seconds": round(median(usual["seconds"] for _, usual in rounds), 2),
        "usual_stages": {name: round(median(usual[name] for _, usual in rounds), 2) for name in STAGES},
        "peak_rss_mb": round(max(ours.peak_rss_mb for ours, _ in rounds), 1),
        "usual_peak_rss_mb": round(max(usual["peak_rss_mb"] for _, usual in rounds), 1),
        "largest_difference": difference,
    }


def _table(found: dict[str, Any]) -> list[str]:
    name, least, most = found["data"], min(found["ratios"]), max(found["ratios"])
    return [
        f"{found['customers']:,} customers multiplied from {name}; medians of {found['runs']} rounds, indexes included",
        f"{'':24}{'seconds':>9}{'peak MB':>9}",
        f"{'in the database':24}{found['seconds']:>9.1f}{found['peak_rss_mb']:>9.0f}   start-up included",
        f"{'pull, score, insert':24}{found['usual_seconds']:>9.1f}{found['usual_peak_rss_mb']:>9.0f}   without imports",
        f"{found['ratio']:.2f} × as fast ({least:.2f} to {most:.2f}); within {found['largest_difference']:.1e}",
    ]
