"""The tables of the page and the card: figures with their intervals, beside what they have to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retention.churn import evidence
from trainer.report import curves
from trainer.report.wording import METRICS, clusterer, feature, percent, rival, signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from trainer.report.content import ReportData

_NOTHING = "–"
_FEW = 20  # of either kind: an AUC of fewer says nothing
_SEPARATION = {
    "silhouette": "Silhouette ↑",
    "davies_bouldin": "Davies-Bouldin ↓",
    "calinski_harabasz": "Calinski-Harabasz ↑",
}


class Cell(NamedTuple):
    """One figure, and in small letters the range it may really have."""

    text: str
    small: str = ""


class Table(NamedTuple):
    """A table; the first cell of a row names it. `marked` is the row that is ours."""

    name: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    marked: int | None = None


def metrics_table(data: ReportData) -> Table:
    """Return each metric with its 95 % interval and what it means."""
    rows = [
        [Cell(*METRICS[name]), Cell(f"{metric['value']:.3f}", f"{metric['low']:.3f}–{metric['high']:.3f}")]
        for name in METRICS
        if (metric := data.manifest["metrics"].get(name))
    ]
    note = (
        "On the test window alone. The range beside a value is its 95 % interval: where 95 of 100 redrawings of the "
        "customers fall."
    )
    return Table("metrics", "The figures", note, ("", "Value"), rows)


def rivals_table(data: ReportData) -> Table:
    """Return the model beside what it has to beat, on the same customers."""
    names = [name for name in METRICS if name in data.manifest["metrics"] and name != "brier_skill"]
    everybody = {"This model": data.manifest["metrics"]} | {
        rival(name): metrics for name, metrics in data.manifest.get("comparison", {}).items()
    }
    rows = [[Cell(who), *(_with_interval(metrics.get(name)) for name in names)] for who, metrics in everybody.items()]
    columns = ("", *(METRICS[name][0] for name in names))
    note = (
        "All judged on the same customers and days. Only probabilities can be calibrated, so a rule has no such figure."
    )
    return Table("rivals", "Beside it", note, columns, rows, marked=0)


def _with_interval(metric: Mapping[str, float] | None) -> Cell:
    if not metric:
        return Cell(_NOTHING)
    return Cell(f"{metric['value']:.3f}", f"{metric['low']:.2f}–{metric['high']:.2f}" if "low" in metric else "")


def groups_table(data: ReportData) -> Table:
    """Return how good the model is for customers of whom much or little is known, and for the recently active."""
    rows = [_group(data, name, rows) for name, rows in _groups(data) if rows.any()]
    note = (
        "Customers long gone are easy and flatter the whole: look at those active lately. "
        f"No ROC-AUC where fewer than {_FEW} left or stayed."
    )
    return Table("groups", "For whom it is good", note, ("", "Customers", "Said", "Left", "ROC-AUC"), rows, marked=0)


def _groups(data: ReportData) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    recency, frequency = (data.features[name].to_numpy() for name in ("Recency", "Frequency"))
    tier = np.array([evidence(int(f), int(r), data.horizon_days) for f, r in zip(frequency, recency, strict=True)])
    yield "Everybody", np.full(len(recency), fill_value=True)
    yield "Ordered in last 90 days", recency < 90  # noqa: PLR2004 - the name says it
    yield "Ordered in last 365 days", recency < 365  # noqa: PLR2004
    yield "Three orders or more", tier == "repeat"
    yield "Two orders", tier == "sparse"
    yield "One order", tier == "single_order"
    yield f"Silent over {data.horizon_days} days", tier == "lapsed"


def _group(data: ReportData, name: str, rows: npt.NDArray[np.bool_]) -> list[Cell]:
    churned, probability = data.churned[rows], data.probability[rows]
    left = int(churned.sum())
    low, high = curves.wilson(left, len(churned))
    ranked = Cell(_NOTHING)
    if min(left, len(churned) - left) >= _FEW:
        value, worst, best = curves.auc(churned, probability)
        ranked = Cell(f"{value:.3f}", f"{worst:.2f}–{best:.2f}")
    said, happened = Cell(percent(float(probability.mean()))), Cell(percent(left / len(churned)), _percents(low, high))
    return [Cell(name), Cell(f"{len(churned):,}"), said, happened, ranked]


def _percents(low: float, high: float) -> str:
    return f"{100 * low:.0f}–{100 * high:.0f}"


def weights_table(data: ReportData) -> Table:
    """Return the formula's terms as they stand in it."""
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
        f"log-odds = {signed(data.base_log_odds, 3)} + the sum of weight × (log1p(value) − mean); intervals 90 %. "
        "The last column: what about twice as much of it does to the odds of leaving."
    )
    return Table("weights", "The whole formula", note, ("", "Mean", "Weight", "Doubled"), rows)


def cluster_counts_table(data: ReportData) -> Table | None:
    """Return the comparison of numbers of segments, ours marked; None when there is none."""
    chosen = data.customers["segment"].nunique() if len(data.customers) else 0
    counts = data.cluster_counts
    rows = [
        [Cell(f"{row['segments']}"), Cell(f"{row['inertia']:,.0f}"), *(_separation(row, name) for name in _SEPARATION)]
        for row in counts
    ]
    ours = next((place for place, row in enumerate(counts) if row["segments"] == chosen), None)
    note = "↑ higher is better, ↓ lower is better. The spread inside always falls; its bend (elbow) is what counts."
    columns = ("Segments", "Spread inside", *_SEPARATION.values())
    return Table("counts", "Two segments or nine?", note, columns, rows, ours) if rows else None


def clusterers_table(data: ReportData) -> Table | None:
    """Return other ways to cluster beside ours; None when there are none."""
    rows = [
        [
            Cell(clusterer(str(row["method"]))),
            Cell(f"{row['clusters']}"),
            *(_separation(row, name) for name in _SEPARATION),
            Cell(percent(float(row["noise_share"]))),
            Cell(_NOTHING if row["adjusted_rand_index"] is None else f"{row['adjusted_rand_index']:.2f}"),
        ]
        for row in data.clusterers
    ]
    note = (
        "On the same sample of customers. Those left without a segment are not judged, which flatters who leaves many. "
        "Agreement is 1 with the same grouping as ours, 0 when it is no more than chance."
    )
    columns = ("", "Segments", *_SEPARATION.values(), "Left out", "Agreement")
    return Table("clusterers", "Other ways to group", note, columns, rows) if rows else None


def _separation(row: Mapping[str, Any], name: str) -> Cell:
    value = row.get(name)
    digits = 0 if name == "calinski_harabasz" else 3
    return Cell(_NOTHING if value is None else f"{value:,.{digits}f}")
