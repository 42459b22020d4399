"""Where the line is drawn: who is flagged at the threshold, and what another threshold would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.patches import FancyBboxPatch

from trainer.report.figure import BLUE, BRAND, INK, PLUM, WARM, Plot, draw
from trainer.report.wording import amount, count, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from trainer.report.content import ReportData

FEW: Final = 0.005  # of everybody: when no more are flagged, precision is chance


def threshold_plots(data: ReportData) -> list[Plot]:
    """Return the confusion matrix and the threshold curve."""
    return [_confusion(data), _curve(data)]


def _confusion(data: ReportData) -> Plot:
    tp, fp, fn, tn = (data.manifest["at_threshold"][name] for name in ("tp", "fp", "fn", "tn"))
    cells = {
        (0, 1): (tp, "rightly flagged", BRAND),
        (1, 1): (fp, "flagged for nothing", WARM),
        (0, 0): (fn, "missed", WARM),
        (1, 0): (tn, "rightly left in peace", BRAND),
    }

    def paint(axes: Axes) -> None:
        for (across, up), (customers, verdict, colour) in cells.items():
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
            axes.text(across + 0.5, up + 0.28, f"{verdict} ({percent(share)})", ha="center", va="center", fontsize=9)
        axes.set_xticks([0.5, 1.5], ["left", "stayed"], fontsize=10)
        axes.set_yticks([1.5, 0.5], ["flagged", "not\nflagged"], fontsize=10)
        axes.set(xlim=(0, 2), ylim=(0, 2))
        axes.xaxis.tick_top()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    return draw(
        "confusion",
        "Right and wrong at our line (confusion)",
        paint,
        height=290,
        alt=f"Flagged: {tp} left, {fp} stayed. Not flagged: {fn} left, {tn} stayed.",
        reading=f"Of {count(tp + fp, 'flagged customer')} {tp:,} left and {fp:,} would have stayed anyway; {fn:,} left "
        "without being flagged.",
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
            "who left, of the flagged": (np.where(flagged > FEW, precision, np.nan), BRAND, "-"),
            "found, of the leavers": (recall, BLUE, "--"),
            "F1, both at once": (f1, PLUM, "-."),
            "flagged, of everybody": (flagged, WARM, ":"),
        }
        for label, (share, colour, dashes) in lines.items():
            axes.plot(threshold, share, color=colour, linestyle=dashes, label=label)
        axes.axvline(data.threshold, color=INK, linewidth=1.2)
        right = data.threshold < 0.7  # noqa: PLR2004 - room for the label on the right
        axes.annotate(
            f"our line: {percent(data.threshold)}",
            (data.threshold, 1.05),
            (4 if right else -4, 0),
            va="center",
            textcoords="offset points",
            ha="left" if right else "right",
            fontsize=9,
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.1), xlabel="threshold: flag from this probability on")
        axes.set_xticks(np.linspace(0, 1, 6), [f"{step} %" for step in range(0, 101, 20)])
        axes.set_yticks(np.linspace(0, 1, 6), [f"{step} %" for step in range(0, 101, 20)])
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, handlelength=2.4, columnspacing=1.2)

    return draw(
        "threshold",
        "What another line would do (threshold curve)",
        paint,
        height=290,
        alt=f"Precision, recall, F1 and share flagged for every threshold; ours is {percent(data.threshold)}.",
        reading="A higher line flags fewer customers and is right more often. "
        f"{_at(data.manifest['at_threshold'], 'Ours, at')} {_at(higher, 'One at')} {_most_profitable(data)}",
    )


def _at(point: Mapping[str, float], whose: str) -> str:
    line = f"{whose} {percent(point['threshold'])}, flags"
    if not point["flagged_share"]:
        return f"{line} nobody."
    return (
        f"{line} {percent(point['flagged_share'])} of everybody and finds {percent(point['recall'])} of the leavers; "
        f"{100 * point['precision']:.0f} in 100 flagged leave."
    )


def _most_profitable(data: ReportData) -> str:
    """Return which line of the curve earned most, and under which assumptions."""
    economics: Mapping[str, Any] = data.manifest["economics"]
    currency = economics["currency"]
    assumed = (
        f"If writing to a customer costs {currency} {amount(economics['contact_cost'])} and keeps "
        f"{percent(economics['save_rate'])} of those who would leave, each worth {currency} "
        f"{amount(economics['margin'])},"
    )
    best = max(data.manifest["threshold_curve"], key=lambda point: float(point["profit"]))
    if best["profit"] <= 0:
        return f"{assumed} no line would have paid."
    return (
        f"{assumed} the line at {percent(best['threshold'])} would have paid best: {currency} "
        f"{amount(best['profit'])} from all {data.manifest['customers']:,}."
    )
