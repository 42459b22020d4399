"""Why the model says so: the weights, what they move, every customer, and one from start to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.report.beeswarm import beeswarm
from trainer.report.example import example
from trainer.report.feature_axes import DIRECTIONS, feature_rows, rows_height
from trainer.report.figure import BRAND, INK, QUIET, WARM, Plot, draw
from trainer.report.wording import feature, percent, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from trainer.report.content import ReportData

_TITLES: Final = {
    "contributions": "What moves the answers most",
    "beeswarm": "Every customer, every reason",
    "example": "One customer, step by step",
}
_NONE: Final = "Nobody in the test window ordered more than once, so the formula was asked about nobody."


def explanation_plots(data: ReportData) -> list[Plot]:
    """Return the four plots; those of customers are sentences when the formula was asked about nobody."""
    if data.contributions.empty:
        return [_weights(data), *(Plot.missing(name, title, _NONE) for name, title in _TITLES.items())]
    return [
        _weights(data),
        _mean_sizes(data, _TITLES["contributions"]),
        beeswarm(data, _TITLES["beeswarm"]),
        example(data, _TITLES["example"]),
    ]


def _weights(data: ReportData) -> Plot:
    spread = {term.feature: _spread(data.features[term.feature]) for term in data.terms}
    terms = sorted(data.terms, key=lambda term: abs(term.weight) * spread[term.feature])
    steps = [[bound * spread[term.feature] for bound in (term.weight, term.low, term.high)] for term in terms]

    def paint(axes: Axes) -> None:
        for row, (step, low, high) in enumerate(steps):
            axes.barh(row, step, height=0.62, color=WARM if step > 0 else BRAND, alpha=0.85)
            axes.plot([low, high], [row, row], color=INK, linewidth=1.4)
        feature_rows(axes, [term.feature for term in terms])
        axes.axvline(0, color=QUIET, linewidth=1)
        axes.set_xlabel(DIRECTIONS)

    strongest = terms[-1]
    of_each = [f"{feature(term.feature)} {signed(step)}" for term, (step, *_) in zip(terms, steps, strict=True)]
    return draw(
        "coefficients",
        "What raises and what lowers the risk",
        paint,
        height=rows_height(len(terms)),
        alt=f"Weights per standard deviation: {', '.join(of_each)}.",
        reading="A bar is what one usual step (a standard deviation, on the log scale) does to the log-odds; the thin "
        f"line its 90 % interval. Of two customers alike in all else, the one with double the "
        f"{feature(strongest.feature).lower()} has about {2.0**strongest.weight:.2f} times the odds of leaving.",
    )


def _mean_sizes(data: ReportData, title: str) -> Plot:
    sizes = data.contributions.abs().mean().sort_values(kind="stable")
    share = sizes.iloc[-2:].sum() / max(float(sizes.sum()), 1e-12)

    def paint(axes: Axes) -> None:
        axes.barh(range(len(sizes)), sizes, height=0.62, color=BRAND)
        for row, size in enumerate(sizes):
            axes.text(size, row, f" {size:.2f}", va="center", fontsize=9)
        feature_rows(axes, list(sizes.index))
        axes.set_xlim(0, max(float(sizes.max()), 1e-9) * 1.15)
        axes.set_xlabel("mean size of the contribution, log-odds")

    most = " and ".join(feature(name).lower() for name in sizes.index[::-1][:2])
    return draw(
        "contributions",
        title,
        paint,
        height=rows_height(len(sizes)),
        alt=f"Mean sizes: {', '.join(f'{feature(str(name))} {size:.2f}' for name, size in sizes.items())}.",
        reading=f"Over all {len(data.contributions):,} customers the formula was asked about, {most} make up "
        f"{percent(share)} of what moves an answer away from the average.",
    )


def _spread(values: pd.Series[float]) -> float:
    return float(np.log1p(values.to_numpy()).std())
