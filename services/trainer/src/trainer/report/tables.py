"""The tables of the page and the card: figures with their intervals, beside what they have to beat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.scoring.churn import Z
from trainer.evaluation.evaluate import MIN_CUSTOMERS
from trainer.report.content import share_interval
from trainer.report.wording import GROUPS, METRICS, MONTHS, clusterer, feature, percent, rival, signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.report.content import ReportData

_NOTHING = "–"
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
        for name, metric in data.manifest["metrics"].items()
    ]
    note = (
        "On the test window alone. The range beside a value is its 95 % interval: where 95 of 100 redrawings of the "
        "customers fall."
    )
    return Table("metrics", "The figures", note, ("", "Value"), rows)


def rivals_table(data: ReportData) -> Table:
    """Return the model beside what it has to beat, on the same customers."""
    names = [name for name in METRICS if name != "brier_skill"]
    everybody = {"This model": data.manifest["metrics"]} | {
        rival(name): metrics for name, metrics in data.manifest["comparison"].items()
    }
    rows = [
        [
            Cell(who),
            *(_with_interval(metrics.get(name)) for name in names),
            _difference(metrics.get("roc_auc_difference")),
        ]
        for who, metrics in everybody.items()
    ]
    columns = ("", *(METRICS[name][0] for name in names), "Ours ahead")
    note = (
        "All judged on the same customers and days. Only probabilities can be calibrated, so a rule has no such "
        "figure. Ours ahead: by how much our ROC-AUC is higher, both on the same redrawings of the customers."
    )
    return Table("rivals", "Beside it", note, columns, rows, marked=0)


def _with_interval(metric: Mapping[str, float] | None) -> Cell:
    if not metric:
        return Cell(_NOTHING)
    return Cell(f"{metric['value']:.3f}", f"{metric['low']:.2f}–{metric['high']:.2f}")


def _difference(of: Mapping[str, float] | None) -> Cell:
    if not of:
        return Cell(_NOTHING)
    return Cell(signed(of["value"], 3), f"{signed(of['low'], 3)} to {signed(of['high'], 3)}")


def groups_table(data: ReportData) -> Table:
    """Return how good the model is for the recently active and for customers of whom much or little is known."""
    manifest = data.manifest
    groups = {
        words.format(horizon_days=data.horizon_days): group
        for name, words in GROUPS.items()
        if (group := manifest["groups"][name])["customers"]
    }
    rows = [_group("Everybody", manifest), *(_group(name, group) for name, group in groups.items())]
    note = (
        "Customers long gone are easy and flatter the whole: look at those active lately. Who has been silent for over "
        f"{data.horizon_days} days is counted there and not by orders. No figures where fewer than {MIN_CUSTOMERS} "
        "were, or all left or all stayed; of few customers a calibration error is mostly chance."
    )
    columns = ("", "Customers", "Left", METRICS["roc_auc"][0], METRICS["ece"][0])
    return Table("groups", "For whom it is good", note, columns, rows, marked=0)


def _group(name: str, group: Mapping[str, Any]) -> list[Cell]:
    customers, rate, metrics = group["customers"], group["churn_rate"], group["metrics"]
    low, high = share_interval(round(rate * customers), customers)
    left = Cell(percent(rate), f"{100 * low:.0f}–{100 * high:.0f}")
    return [
        Cell(name), Cell(f"{customers:,}"), left, _with_interval(metrics["roc_auc"]), _with_interval(metrics["ece"])
    ]  # fmt: skip


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
        f"log-odds = {signed(data.base_log_odds, 3)} + the sum of weight × (log1p(value) − mean)"
        f"{' + the season of the month' if data.has_season else ''}; intervals 90 %. "
        "The last column: what about twice as much of it does to the odds of leaving."
    )
    return Table("weights", "The whole formula", note, ("", "Mean", "Weight", "Doubled"), rows)


def season_table(data: ReportData) -> Table | None:
    """Return by how much each month moves the log-odds of everybody; None when no month is known to differ."""
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
        "By how much the log-odds of everybody differ when they are asked about in that month, one-time buyers too; "
        "intervals 90 %. The last column: what that does to the odds of leaving."
    )
    return Table("season", "The season", note, ("", "Shift", "Odds"), rows) if data.has_season else None


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
