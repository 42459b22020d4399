"""Where the line is drawn: who is flagged at the threshold, and what another threshold would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import FancyBboxPatch

from trainer.report import curves
from trainer.report.figure import BLUE, BRAND, INK, PLUM, WARM, Plot, draw
from trainer.report.wording import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trainer.report.content import ReportData


def threshold_plots(data: ReportData) -> list[Plot]:
    """Return the confusion matrix and the threshold curve; the latter a sentence when nobody left."""
    return [_confusion(data), _curve(data)]


def _confusion(data: ReportData) -> Plot:
    found = curves.confusion(data.churned, data.probability, data.threshold)
    cells = {
        (0, 1): (found.flagged_left, "left", "rightly flagged", BRAND),
        (1, 1): (found.flagged_stayed, "stayed", "flagged for nothing", WARM),
        (0, 0): (found.passed_left, "left", "missed", WARM),
        (1, 0): (found.passed_stayed, "stayed", "rightly left in peace", BRAND),
    }

    def paint(axes: Axes) -> None:
        for (across, up), (customers, _, verdict, colour) in cells.items():
            share = customers / max(1, found.customers)
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

    flagged = found.flagged_left + found.flagged_stayed
    return draw(
        "confusion",
        "Right and wrong at our line (confusion)",
        paint,
        height=290,
        alt=f"Flagged: {found.flagged_left} left, {found.flagged_stayed} stayed. "
        f"Not flagged: {found.passed_left} left, {found.passed_stayed} stayed.",
        reading=f"Of {count(flagged, 'flagged customer')} {found.flagged_left:,} left and {found.flagged_stayed:,} "
        f"would have stayed anyway; {found.passed_left:,} left without being flagged.",
    )


def _curve(data: ReportData) -> Plot:
    name, title = "threshold", "What another line would do (threshold curve)"
    if not data.churned.any():
        return Plot.missing(name, title, "Nobody left in the test window: no line can be right.")
    curve = curves.threshold_curve(data.churned, data.probability)
    higher = min(0.95, data.threshold + 0.15)

    def paint(axes: Axes) -> None:
        lines = {
            "who left, of the flagged": (curve.precision, BRAND, "-"),
            "found, of the leavers": (curve.recall, BLUE, "--"),
            "F1, both at once": (curve.f1, PLUM, "-."),
            "flagged, of everybody": (curve.flagged, WARM, ":"),
        }
        for label, (share, colour, dashes) in lines.items():
            axes.plot(curve.threshold, share, color=colour, linestyle=dashes, label=label)
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
        name,
        title,
        paint,
        height=290,
        alt=f"Precision, recall, F1 and share flagged for every threshold; ours is {percent(data.threshold)}.",
        reading=f"A higher line flags fewer customers and is right more often. "
        f"{_at(data, data.threshold, 'Ours, at')} {_at(data, higher, 'One at')}",
    )


def _at(data: ReportData, threshold: float, whose: str) -> str:
    found = curves.confusion(data.churned, data.probability, threshold)
    if found.precision is None or found.recall is None:
        return f"{whose} {percent(threshold)}, flags nobody."
    flagged = (found.flagged_left + found.flagged_stayed) / found.customers
    return (
        f"{whose} {percent(threshold)}, flags {percent(flagged)} of everybody and finds {percent(found.recall)} of the "
        f"leavers; {100 * found.precision:.0f} in 100 flagged leave."
    )
