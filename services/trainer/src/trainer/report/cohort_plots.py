"""The cohort heat map: how many of each month's new customers order again in later months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.patches import Rectangle

from trainer.report.figure import HEAT, INK, QUIET, Plot, draw
from trainer.report.number_format import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trainer.report.data import ReportData

_NAME, _TITLE = "cohorts", "Repeat orders by month of first order"
MONTHS: Final = 13  # the latest: a year and a month is as much as stays readable
_WIDTH: Final = 560


def cohort_plots(data: ReportData) -> list[Plot]:
    """Return the heat map, or a sentence when fewer than two months are over."""
    counts = data.cohorts[data.cohorts[1].notna()].iloc[-MONTHS:, :MONTHS] if 1 in data.cohorts else data.cohorts[:0]
    if counts.empty:
        return [Plot.missing(_NAME, _TITLE, "Needs two complete months of orders.")]
    sizes, later = counts.iloc[:, 0].to_numpy(), counts.iloc[:, 1:].to_numpy()
    shares = later / np.maximum(sizes, 1)[:, None]
    deepest = max(float(np.nanmax(shares)), 1e-9)

    def paint(axes: Axes) -> None:
        for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
            share = float(shares[row, column])
            axes.add_patch(
                Rectangle(
                    (column + 0.53, row - 0.47),
                    0.94,
                    0.94,
                    facecolor=HEAT,
                    linewidth=0,
                    alpha=0.04 + 0.71 * share / deepest,
                )
            )
            axes.text(column + 1, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=10)
        axes.set_xticks(range(1, shares.shape[1] + 1))
        axes.set_yticks(
            range(len(sizes)), [f"{month}   {size:,.0f} new" for month, size in zip(counts.index, sizes, strict=True)]
        )
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set(xlim=(0.5, shares.shape[1] + 0.5), ylim=(len(sizes) - 0.5, -0.5))
        axes.xaxis.set_label_position("top")
        axes.xaxis.tick_top()
        axes.set_xlabel("months since first order (cells: % of the cohort who ordered in that month)", color=QUIET)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    again = float(later[:, 0].sum() / max(sizes.sum(), 1))
    first = str(counts.index[0])
    note = f"The latest {MONTHS} months are shown."
    if first == data.cohorts.index[0]:
        note = f"The first row, {first}, includes customers from before the data starts: it looks too loyal."
    return [
        draw(
            _NAME,
            _TITLE,
            paint,
            width=_WIDTH,
            height=70 + 25 * max(len(sizes), 3),
            alt=f"Cohort heat map, {len(sizes)} months. {percent(again)} of new customers ordered in the next month.",
            caption=f"{percent(again)} of new customers ordered again in the next month. Each row follows one month's "
            f"new customers. {note} Only complete months count.",
        )
    ]
