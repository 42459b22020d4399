"""The results of `scripts/bench ingest`, as figures and as tables."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

from benchmarks.ingest_ways import WAYS

CEILINGS: Final = ("ceiling_command", "ceiling_insert_many")
LABELS: Final = {
    "ceiling_command": "ceiling: encoded, `insert`",
    "ceiling_insert_many": "ceiling: encoded, insert_many",
    "product": "the load",
    "usual": "the usual way (pandas)",
}
Round = dict[str, dict[str, Any]]


def figures(name: str, row_count: int, rounds: list[Round], sizes: dict[int, dict[str, float]]) -> dict[str, Any]:
    """Return all figures. A ratio is the median over the rounds; the ceiling is the faster of the two."""
    speeds = {way: round(median(speed(each[way]) for each in rounds)) for way in WAYS}
    ceiling = max(CEILINGS, key=speeds.__getitem__)
    return {
        "rows": row_count,
        "data": name,
        "runs": len(rounds),
        "ceiling": ceiling,
        **_against("ceiling", rounds, ceiling),
        **_against("usual", rounds, "usual"),
        "rows_per_s": speeds,
        "usual_peak_rss_mb": round(median_of(rounds, "usual", "peak_rss_mb"), 1),
        **_parts(rounds),
        **_by_factor(rounds, sizes),
    }


def _against(name: str, rounds: list[Round], other: str) -> dict[str, Any]:
    ratios = [speed(each["product"]) / speed(each[other]) for each in rounds]
    rounded = [round(ratio, 3) for ratio in ratios]
    return {f"ratio_to_{name}": round(median(ratios), 3), f"ratios_to_{name}": rounded}


def _parts(rounds: list[Round]) -> dict[str, float]:
    refreshes = [each["product"]["refresh_s"] / each["product"]["seconds"] for each in rounds]
    return {
        "load_s": round(median_of(rounds, "product", "seconds"), 3),
        "indexes_s": round(median_of(rounds, "product", "indexes_s"), 3),
        "refresh_s": round(median_of(rounds, "product", "refresh_s"), 3),
        "refresh_over_load": round(median(refreshes), 3),
    }


def _by_factor(rounds: list[Round], sizes: dict[int, dict[str, float]]) -> dict[str, Any]:
    once_s = median_of(rounds, "product", "seconds")
    return {
        "peak_rss_mb": round(sizes[1]["csv_mb"], 1),
        "peak_rss_mb_by_factor": {str(factor): round(size["csv_mb"], 1) for factor, size in sizes.items()},
        "parquet_peak_rss_mb_by_factor": {str(factor): round(size["parquet_mb"], 1) for factor, size in sizes.items()},
        "seconds_by_factor": {str(factor): round(size["seconds"], 2) for factor, size in sizes.items()},
        "time_ratio_by_factor": {str(factor): round(size["seconds"] / once_s, 2) for factor, size in sizes.items()},
    }


def comparison(found: dict[str, Any]) -> list[str]:
    """Return the table of the ways, and the time for indexes and derived collections after the last row."""
    after = f"then indexes {found['indexes_s']:.2f} s, refresh {found['refresh_s']:.2f} s"
    return [
        f"{found['rows']:,} rows of {found['data']}, CSV, journaled; medians of {found['runs']} rounds",
        f"{'':32}{'rows/s':>10}",
        *(f"{LABELS[way]:32}{rows_per_s:>10,}" for way, rows_per_s in found["rows_per_s"].items()),
        _ratio("the load / the faster ceiling", found, "ceiling"),
        _ratio("the load / the usual way", found, "usual"),
        f"{after}: {found['refresh_over_load']:.2f} of the load's {found['load_s']:.2f} s",
    ]


def growth(found: dict[str, Any]) -> list[str]:
    """Return the table of sizes: time should grow with the rows, memory should not."""
    lines = [f"{'rows':<8}{'seconds':>9}{'time ×':>9}{'peak MB, CSV':>15}{'Parquet':>10}"]
    for factor, seconds in found["seconds_by_factor"].items():
        ratio, csv_mb = found["time_ratio_by_factor"][factor], found["peak_rss_mb_by_factor"][factor]
        parquet_mb = found["parquet_peak_rss_mb_by_factor"][factor]
        lines.append(f"×{factor:<7}{seconds:>9.2f}{ratio:>9.2f}{csv_mb:>15.1f}{parquet_mb:>10.1f}")
    return [*lines, f"the usual way peaks at {found['usual_peak_rss_mb']:,.0f} MB for ×1"]


def speed(report: dict[str, Any]) -> float:
    """Return rows per second."""
    return float(report["rows"] / report["seconds"])


def median_of(rounds: list[Round], way: str, figure: str) -> float:
    """Return the median of one figure of one way."""
    return float(median(each[way][figure] for each in rounds))


def _ratio(label: str, found: dict[str, Any], name: str) -> str:
    ratios = found[f"ratios_to_{name}"]
    return f"{label:32}{found[f'ratio_to_{name}']:>10.2f}   ({min(ratios):.2f} to {max(ratios):.2f})"
