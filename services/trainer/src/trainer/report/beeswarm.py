"""The beeswarm: one dot per customer and feature, spread apart where contributions coincide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from trainer.report.feature_axes import DIRECTIONS, feature_rows, rows_height
from trainer.report.figure import BLUE, QUIET, SAMPLE, SEED, WARM, Plot, draw
from trainer.report.labels import feature
from trainer.report.number_format import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trainer.arrays import Floats
    from trainer.report.data import ReportData

_LOW_TO_HIGH: Final = LinearSegmentedColormap.from_list("low_to_high", [BLUE, "#9aa5a1", WARM])
_COLUMNS: Final = 80  # per row; dots in one column are spread vertically
_GOLDEN: Final = 0.6180339887498949  # its multiples modulo 1 spread evenly


def beeswarm(data: ReportData, title: str) -> Plot:
    """Return the plot of one or more customers, at most SAMPLE of them, drawn with a fixed seed."""
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(data.contributions))[:SAMPLE])
    shown = data.contributions.iloc[drawn]
    names = list(shown.abs().mean().sort_values(kind="stable").index)
    values = data.features.loc[shown.index, names]

    def paint(axes: Axes) -> None:
        for row, name in enumerate(names):
            places = shown[name].to_numpy()
            axes.scatter(
                places,
                row + _offsets(places),
                c=values[name].rank(pct=True).to_numpy(),
                cmap=_LOW_TO_HIGH,
                vmin=0,
                vmax=1,
                s=3.2,
                linewidths=0,
                alpha=0.8,
                rasterized=True,
            )
        axes.axvline(0, color=QUIET, linewidth=1, zorder=0)
        feature_rows(axes, names)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_xlabel(DIRECTIONS)
        _colour_key(axes)

    top = names[-1]
    sample = f" {SAMPLE:,} customers drawn at random." if len(shown) < len(data.contributions) else ""
    return draw(
        "beeswarm",
        title,
        paint,
        height=rows_height(len(names), each=34) + 20,
        alt="One dot per customer and feature: position is its contribution, colour its value from low to high. "
        f"{feature(top)} has the largest contributions.",
        caption=f"Each dot is one customer: blue for a low value of the feature, orange for a high one. "
        f"{feature(top)} contributes from {signed(shown[top].min(), 1)} to {signed(shown[top].max(), 1)} "
        f"log-odds.{sample}",
    )


def _offsets(places: Floats) -> Floats:
    """Return each dot's vertical offset within ±0.4; the width of a row shows how many dots are there."""
    edges = np.linspace(places.min(), places.max() + 1e-9, _COLUMNS + 1)
    column = np.digitize(places, edges)
    offsets, most = np.zeros(len(places)), np.bincount(column).max()
    for each in np.unique(column):
        members = np.flatnonzero(column == each)
        half = 0.4 * np.sqrt(len(members) / most)
        offsets[members] = half * (2 * ((0.5 + np.arange(len(members)) * _GOLDEN) % 1) - 1)
    return offsets


def _colour_key(axes: Axes) -> None:
    for step in np.linspace(0, 1, 7):
        axes.plot(
            0.4 + 0.2 * step,
            1.045,
            "s",
            color=_LOW_TO_HIGH(step),
            markersize=6,
            transform=axes.transAxes,
            clip_on=False,
        )
    style: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": 9, "color": QUIET}
    axes.text(0.37, 1.045, "low value", ha="right", **style)
    axes.text(0.63, 1.045, "high value", ha="left", **style)
