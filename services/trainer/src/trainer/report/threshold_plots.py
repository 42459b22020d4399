"""The threshold plots: results at our threshold, and at any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.patches import FancyBboxPatch

from trainer.report.figure import BLUE, BRAND, INK, PLUM, WARM, Plot, draw, percent_axis
from trainer.report.number_format import count, money, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from trainer.report.data import ReportData

FEW: Final = 0.005  # of all customers; with fewer flagged, precision is mostly chance
_TICKS: Final = np.linspace(0, 1, 6)


def threshold_plots(data: ReportData) -> list[Plot]:
    """Return the confusion matrix and the threshold curve."""
    return [_confusion(data), _curve(data)]


def _confusion(data: ReportData) -> Plot:
    tp, fp, fn, tn = (data.manifest["at_threshold"][name] for name in ("tp", "fp", "fn", "tn"))
    cells = {
        (0, 1): (tp, "flagged, left", BRAND),
        (1, 1): (fp, "false alarms", WARM),
        (0, 0): (fn, "missed", WARM),
        (1, 0): (tn, "not flagged, stayed", BRAND),
    }

    def paint(axes: Axes) -> None:
        for (across, up), (customers, label, colour) in cells.items():
            share = customers / data.manifest["customers"]
            axes.add_patch(
                FancyBboxPatch(
                    (across + 0.06, up + 0.06),
                    0.88,
                    0.88,
                    facecolor=colour,
                    linewidth=0,
                    alpha=0.12 + 0.5 * share,
                    boxstyle="round,pad=0,rounding_size=0.05",
                )
            )
            axes.text(across + 0.5, up + 0.56, f"{customers:,}", ha="center", va="center", fontsize=19)
            axes.text(across + 0.5, up + 0.28, f"{label} ({percent(share)})", ha="center", va="center", fontsize=9)
        axes.set_xticks([0.5, 1.5], ["left", "stayed"], fontsize=10)
        axes.set_yticks([1.5, 0.5], ["flagged", "not\nflagged"], fontsize=10)
        axes.set(xlim=(0, 2), ylim=(0, 2))
        axes.xaxis.tick_top()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    return draw(
        "confusion",
        "Results at our threshold (confusion matrix)",
        paint,
        height=290,
        alt=f"Flagged: {tp} left, {fp} stayed. Not flagged: {fn} left, {tn} stayed.",
        caption=f"Of {count(tp + fp, 'flagged customer')}, {tp:,} left and {fp:,} would have stayed anyway. {fn:,} "
        "left without being flagged.",
    )


def _curve(data: ReportData) -> Plot:
    points = data.manifest["threshold_curve"]
    higher = min(points, key=lambda point: abs(float(point["threshold"]) - data.threshold - 0.15))
    threshold, precision, recall, f1, flagged = (
        np.array([point[name] for point in points])
        for name in ("threshold", "precision", "recall", "f1", "flagged_share")
    )

    def paint(axes: Axes) -> None:
        lines = {
            "precision": (np.where(flagged > FEW, precision, np.nan), BRAND, "-"),
            "recall": (recall, BLUE, "--"),
            "F1": (f1, PLUM, "-."),
            "share flagged": (flagged, WARM, ":"),
        }
        for label, (share, colour, dashes) in lines.items():
            axes.plot(threshold, share, color=colour, linestyle=dashes, label=label)
        axes.axvline(data.threshold, color=INK, linewidth=1.2)
        has_room_on_right = data.threshold < 0.7  # noqa: PLR2004 - for the label
        axes.annotate(
            f"ours: {percent(data.threshold)}",
            (data.threshold, 1.05),
            (4 if has_room_on_right else -4, 0),
            va="center",
            textcoords="offset points",
            ha="left" if has_room_on_right else "right",
            fontsize=9,
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.1), xlabel="threshold: churn probability from which customers are flagged")
        axes.set_xticks(_TICKS)
        axes.set_yticks(_TICKS)
        percent_axis(axes.xaxis, axes.yaxis)
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, handlelength=2.4, columnspacing=1.2)

    return draw(
        "threshold",
        "Results at other thresholds",
        paint,
        height=290,
        alt=f"Precision, recall, F1 and share flagged for every threshold; ours is {percent(data.threshold)}.",
        caption="A higher threshold flags fewer customers, and more of those leave. "
        f"{_at(data.manifest['at_threshold'], 'Ours')} {_at(higher, 'A higher one')} {_most_profitable(data)}",
    )


def _at(point: Mapping[str, float], which: str) -> str:
    start = f"{which} ({percent(point['threshold'])}) flags"
    if not point["flagged_share"]:
        return f"{start} nobody."
    return (
        f"{start} {percent(point['flagged_share'])} of customers, finds {percent(point['recall'])} of leavers, and "
        f"{percent(point['precision'])} of those flagged leave."
    )


def _most_profitable(data: ReportData) -> str:
    """Return the most profitable threshold of the curve, with the assumptions behind the profit."""
    economics: Mapping[str, Any] = data.manifest["economics"]
    currency = economics["currency"]
    assumptions = (
        f"If a contact costs {money(economics['contact_cost'], currency)} and keeps {percent(economics['save_rate'])} "
        f"of those who would leave, each worth {money(economics['margin'], currency)},"
    )
    best = max(data.manifest["threshold_curve"], key=lambda point: float(point["profit"]))
    if best["profit"] <= 0:
        return f"{assumptions} no threshold would have been profitable."
    return (
        f"{assumptions} a threshold of {percent(best['threshold'])} would have earned most: "
        f"{money(best['profit'], currency)} over all {data.manifest['customers']:,} customers."
    )
