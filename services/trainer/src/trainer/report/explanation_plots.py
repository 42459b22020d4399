"""The explanation plots: weights, mean contributions, every customer's contributions, one worked example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.report.beeswarm import beeswarm
from trainer.report.feature_axes import DIRECTIONS, feature_rows, rows_height
from trainer.report.figure import BRAND, INK, QUIET, WARM, Plot, draw
from trainer.report.labels import feature
from trainer.report.number_format import percent, signed
from trainer.report.worked_example import worked_example

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from trainer.report.data import ReportData

_TITLES: Final = {
    "contributions": "Which features matter most",
    "beeswarm": "Contributions of all customers",
    "example": "One customer, step by step",
}
_NONE: Final = "No test customer had more than one order, so the formula scored nobody."


def explanation_plots(data: ReportData) -> list[Plot]:
    """Return the four plots; all but the weights are sentences when the formula scored nobody."""
    if data.contributions.empty:
        return [_weights(data), *(Plot.missing(name, title, _NONE) for name, title in _TITLES.items())]
    return [
        _weights(data),
        _mean_contributions(data, _TITLES["contributions"]),
        beeswarm(data, _TITLES["beeswarm"]),
        worked_example(data, _TITLES["example"]),
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
    labelled = [f"{feature(term.feature)} {signed(step)}" for term, (step, *_) in zip(terms, steps, strict=True)]
    return draw(
        "coefficients",
        "What raises and lowers the risk",
        paint,
        height=rows_height(len(terms)),
        alt=f"Weights per standard deviation: {', '.join(labelled)}.",
        caption="Bars show the change in log-odds per standard deviation (log scale), thin lines the 90% interval. "
        f"All else equal, twice the {feature(strongest.feature).lower()} multiplies the odds of leaving by about "
        f"{2.0**strongest.weight:.2f}.",
    )


def _mean_contributions(data: ReportData, title: str) -> Plot:
    sizes = data.contributions.abs().mean().sort_values(kind="stable")
    share = sizes.iloc[-2:].sum() / max(float(sizes.sum()), 1e-12)

    def paint(axes: Axes) -> None:
        axes.barh(range(len(sizes)), sizes, height=0.62, color=BRAND)
        for row, size in enumerate(sizes):
            axes.text(size, row, f" {size:.2f}", va="center", fontsize=9)
        feature_rows(axes, list(sizes.index))
        axes.set_xlim(0, max(float(sizes.max()), 1e-9) * 1.15)
        axes.set_xlabel("mean absolute contribution, log-odds")

    top_two = " and ".join(feature(name).lower() for name in sizes.index[::-1][:2])
    return draw(
        "contributions",
        title,
        paint,
        height=rows_height(len(sizes)),
        alt=f"Mean contributions: {', '.join(f'{feature(str(name))} {size:.2f}' for name, size in sizes.items())}.",
        caption=f"Across the {len(data.contributions):,} customers the formula scores, {top_two} account for "
        f"{percent(share)} of all contributions.",
    )


def _spread(values: pd.Series[float]) -> float:
    return float(np.log1p(values.to_numpy()).std())
