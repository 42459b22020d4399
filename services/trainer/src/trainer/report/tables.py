"""The tables of the page and the model card."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.scoring.churn import Z
from trainer.evaluation.groups import MIN_CUSTOMERS
from trainer.evaluation.metrics import share_interval
from trainer.report.labels import GROUPS, METRICS, check, clusterer, feature, model
from trainer.report.number_format import MONTHS, percent, percent_range, signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.report.data import ReportData

_NONE = "–"
_CRITERIA = {
    "silhouette": "Silhouette ↑",
    "davies_bouldin": "Davies-Bouldin ↓",
    "calinski_harabasz": "Calinski-Harabasz ↑",
}


class Cell(NamedTuple):
    """One value, and its interval or description in small print."""

    text: str
    small: str = ""


class Table(NamedTuple):
    """A table; the first cell of each row is its heading. `marked` is our own row."""

    name: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    marked: int | None = None


def metrics_table(data: ReportData) -> Table:
    """Return each metric with its 95% interval and meaning."""
    rows = [
        [Cell(*METRICS[name]), Cell(f"{metric['value']:.3f}", f"{metric['low']:.3f}–{metric['high']:.3f}")]
        for name, metric in data.manifest["metrics"].items()
    ]
    note = "On the test window. Ranges are 95% bootstrap intervals over customers."
    return Table("metrics", "Metrics", note, ("", "Value"), rows)


def gate_table(data: ReportData) -> Table:
    """Return each check of the gate with its result and reason."""
    rows = [
        [Cell(check(result["name"])), Cell(_result(result)), Cell(result["reason"])]
        for result in data.manifest["gate"]["checks"]
    ]
    note = "A version must pass every check to go live by itself. Ranges are 95% intervals."
    return Table("gate", "Gate checks", note, ("", "Result", "Reason"), rows)


def _result(result: Mapping[str, Any]) -> str:
    if result["reason"].startswith("not compared"):
        return _NONE
    return "passed" if result["passed"] else "failed"


def comparison_table(data: ReportData) -> Table:
    """Return the model and its baselines on the same customers."""
    names = [name for name in METRICS if name != "brier_skill"]
    models = {"This model": data.manifest["metrics"]} | {
        model(name): metrics for name, metrics in data.manifest["comparison"].items()
    }
    rows = [
        [
            Cell(label),
            *(_with_interval(metrics.get(name)) for name in names),
            _difference(metrics.get("roc_auc_difference")),
        ]
        for label, metrics in models.items()
    ]
    columns = ("", *(METRICS[name][0] for name in names), "Our lead")
    note = (
        "All on the same customers and days. A rule gives no probabilities, so it has no Brier score or calibration "
        "error. Our lead is the difference in ROC-AUC, paired over the same bootstrap resamples."
    )
    return Table("comparison", "Compared with other models", note, columns, rows, marked=0)


def _with_interval(metric: Mapping[str, float] | None) -> Cell:
    if not metric:
        return Cell(_NONE)
    return Cell(f"{metric['value']:.3f}", f"{metric['low']:.2f}–{metric['high']:.2f}")


def _difference(metric: Mapping[str, float] | None) -> Cell:
    if not metric:
        return Cell(_NONE)
    return Cell(signed(metric["value"], 3), f"{signed(metric['low'], 3)} to {signed(metric['high'], 3)}")


def groups_table(data: ReportData) -> Table:
    """Return the metrics for all customers, recently active ones, and each evidence tier."""
    manifest = data.manifest
    groups = {
        label.format(horizon_days=data.horizon_days): group
        for name, label in GROUPS.items()
        if (group := manifest["groups"][name])["customers"]
    }
    rows = [_group("All customers", manifest), *(_group(name, group) for name, group in groups.items())]
    note = (
        "Customers long gone are easy to predict and raise the overall figures: the recently active matter most. A "
        f"customer with no order for over {data.horizon_days} days counts in that group, however many orders. "
        f"No metrics for groups under {MIN_CUSTOMERS} customers or with one outcome only. In small groups the "
        "calibration error is mostly chance."
    )
    columns = ("", "Customers", "Left", METRICS["roc_auc"][0], METRICS["ece"][0])
    return Table("groups", "By group of customers", note, columns, rows, marked=0)


def _group(name: str, group: Mapping[str, Any]) -> list[Cell]:
    customers, rate, metrics = group["customers"], group["churn_rate"], group["metrics"]
    low, high = share_interval(round(rate * customers), customers)
    left = Cell(percent(rate), percent_range(low, high))
    return [
        Cell(name), Cell(f"{customers:,}"), left, _with_interval(metrics["roc_auc"]), _with_interval(metrics["ece"])
    ]  # fmt: skip


def weights_table(data: ReportData) -> Table:
    """Return the terms of the formula."""
    rows = [
        [
            Cell(feature(term.feature), term.feature),
            Cell(f"{term.mean:.3f}"),
            Cell(signed(term.weight, 3), f"{signed(term.low)} to {signed(term.high)}"),
            Cell(f"× {2**term.weight:.2f}"),
        ]
        for term in sorted(data.terms, key=lambda term: -abs(term.weight))
    ]
    note = (
        f"log-odds = {signed(data.base_log_odds, 3)} + the sum of weight × (log1p(value) − mean)"
        f"{' + the seasonal shift of the month' if data.has_season else ''}. Intervals are 90%. "
        "The last column is the effect of twice the value on the odds of leaving."
    )
    return Table("weights", "The complete formula", note, ("", "Mean", "Weight", "Doubled"), rows)


def season_table(data: ReportData) -> Table | None:
    """Return the seasonal shift of each month; None without a season."""
    rows = [
        [
            Cell(month),
            Cell(signed(shift.log_odds), f"{signed(shift.log_odds - half)} to {signed(shift.log_odds + half)}"),
            Cell(f"× {math.exp(shift.log_odds):.2f}"),
        ]
        for month, shift in zip(MONTHS, data.season, strict=True)
        for half in [Z * math.sqrt(shift.variance)]
    ]
    note = (
        "The change in log-odds for predictions made in that month, one-time buyers included. Intervals are 90%. "
        "The last column is the effect on the odds of leaving."
    )
    return Table("season", "Season", note, ("", "Shift", "Odds"), rows) if data.has_season else None


def cluster_counts_table(data: ReportData) -> Table | None:
    """Return the comparison of numbers of segments, ours marked; None when empty."""
    chosen = data.customers["segment"].nunique() if len(data.customers) else 0
    counts = data.cluster_counts
    rows = [
        [Cell(f"{row['segments']}"), Cell(f"{row['inertia']:,.0f}"), *(_criterion(row, name) for name in _CRITERIA)]
        for row in counts
    ]
    ours = next((place for place, row in enumerate(counts) if row["segments"] == chosen), None)
    note = "↑ higher is better, ↓ lower is better. Inertia always falls; its bend (the elbow) is what counts."
    columns = ("Segments", "Inertia", *_CRITERIA.values())
    return Table("counts", "Two to nine segments", note, columns, rows, ours) if rows else None


def clusterers_table(data: ReportData) -> Table | None:
    """Return the comparison of clustering methods; None when empty."""
    rows = [
        [
            Cell(clusterer(str(row["method"]))),
            Cell(f"{row['clusters']}"),
            *(_criterion(row, name) for name in _CRITERIA),
            Cell(percent(float(row["noise_share"]))),
            Cell(_NONE if row["adjusted_rand_index"] is None else f"{row['adjusted_rand_index']:.2f}"),
        ]
        for row in data.clusterers
    ]
    note = (
        "On the same sample of customers. Customers without a cluster are not scored, which favours methods that leave "
        "many out. Agreement (adjusted Rand index) is 1 for the same grouping as ours and 0 for chance."
    )
    columns = ("", "Segments", *_CRITERIA.values(), "Left out", "Agreement")
    return Table("clusterers", "Other clustering methods", note, columns, rows) if rows else None


def _criterion(row: Mapping[str, Any], name: str) -> Cell:
    value = row.get(name)
    digits = 0 if name == "calinski_harabasz" else 3
    return Cell(_NONE if value is None else f"{value:,.{digits}f}")
