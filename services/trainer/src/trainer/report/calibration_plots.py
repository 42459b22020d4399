"""The calibration plots: predicted against actual, and the churn rates of one-time buyers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.report.figure import BLUE, BRAND, PLUM, QUIET, WARM, Plot, compose, draw, percent_axis
from trainer.report.labels import POOLED_BANDS
from trainer.report.number_format import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.report.bands import Band
    from trainer.report.data import ReportData

_COLOURS: Final = (BRAND, BLUE, WARM, PLUM)
_MARKERS: Final = "osD^"


def calibration_plots(data: ReportData) -> list[Plot]:
    """Return the two plots; the one-time buyers' is a sentence when there are none."""
    return [_calibration(data), _single_order(data)]


def _calibration(data: ReportData) -> Plot:
    bins = data.manifest["calibration"]
    predicted, actual, low, high, customers = (
        np.array([part[name] for part in bins])
        for name in ("mean_probability", "churn_rate", "low", "high", "customers")
    )
    mean_predicted, mean_actual = float(np.average(predicted, weights=customers)), data.manifest["churn_rate"]
    within = int(((low <= predicted) & (predicted <= high)).sum())

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle="--", label="predicted = actual")
        above.errorbar(
            predicted,
            actual,
            yerr=np.maximum([actual - low, high - actual], 0),
            color=BRAND,
            marker="o",
            markersize=5,
            linewidth=1.4,
            elinewidth=1.4,
            capsize=0,
            label="a tenth of the customers, 95% interval",
        )
        above.set(ylim=(0, 1), ylabel="actual: share who left")
        above.legend(loc="upper left")
        below.hist(data.probability, bins=np.linspace(0, 1, 41), color=BRAND, alpha=0.55)
        below.set(xlim=(0, 1), xlabel="predicted churn probability")
        below.set_ylabel("customers", labelpad=4)
        below.locator_params(axis="y", nbins=2)
        percent_axis(above.xaxis, above.yaxis, below.xaxis)

    return compose(
        "calibration",
        "Predicted and actual (calibration)",
        paint,
        height=320,
        alt=f"Calibration curve: in {within} of {len(bins)} groups the prediction is within the interval of the actual "
        "rate.",
        caption=f"Overall, the model predicted {percent(mean_predicted)} and {percent(mean_actual)} left. In the "
        f"riskiest group it predicted {percent(predicted[-1])} and {percent(actual[-1])} left. In {within} of "
        f"{len(bins)} groups the difference is within chance.",
    )


def _single_order(data: ReportData) -> Plot:
    name, title, bands = "single_order", "One-time buyers by days since their order", data.single_order_bands
    if not bands:
        return Plot.missing(name, title, "Too few one-time buyers to learn from.")
    days = list(dict.fromkeys(band.days for band in bands))
    breadths = list(dict.fromkeys(band.products for band in bands))

    def paint(axes: Axes) -> None:
        width = 0.72 / len(breadths)
        for band in bands:
            kind = breadths.index(band.products)
            place, colour = (
                days.index(band.days) + width * (kind - (len(breadths) - 1) / 2),
                _COLOURS[kind % len(_COLOURS)],
            )
            axes.bar(place, band.rate, width=0.86 * width, color=colour, alpha=0.25)
            axes.plot([place, place], [band.low, band.high], color=colour, linewidth=2)
            axes.plot(place, band.rate, _MARKERS[kind % len(_MARKERS)], color=colour, markersize=6)
            axes.annotate(
                percent(band.rate), (place, band.high), (0, 4), textcoords="offset points", ha="center", fontsize=9
            )
        for kind, breadth in enumerate(breadths if len(breadths) > 1 else []):
            label = breadth or "any number of products"
            axes.plot([], [], _MARKERS[kind % len(_MARKERS)], color=_COLOURS[kind % len(_COLOURS)], label=label)
        axes.set_xticks(range(len(days)), [f"{each}\n{_customers(bands, each)}" for each in days])
        axes.set(ylim=(0, 1.1), xlabel="days since the only order", ylabel="share who did not return")
        axes.set_yticks(np.linspace(0, 1, 6))
        percent_axis(axes.yaxis)
        axes.grid(visible=False, axis="x")
        if len(breadths) > 1:
            axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, columnspacing=1.2, handletextpad=0.3)

    low, high = (choose(bands, key=lambda band: band.rate) for choose in (min, max))
    rates = [f"{_describe(band)} {percent(band.rate)}" for band in bands]
    return draw(
        name,
        title,
        paint,
        height=320,
        alt=f"Share who did not return: {'; '.join(rates)}.",
        caption=f"One-time buyers get the churn rate of similar customers within {count(data.horizon_days, 'day')}: "
        f"{percent(low.rate)} at {_describe(low)}, {percent(high.rate)} at {_describe(high)}. n counts distinct "
        "customers; a customer enters the rate once per training cut-off, which the 90% intervals allow for."
        + (f" {POOLED_BANDS}" if any(band.is_pooled for band in bands) else ""),
    )


def _customers(bands: Sequence[Band], days: str) -> str:
    """Return the number of customers in the bands of these days, marked when it is of all one-time buyers."""
    same = [band for band in bands if band.days == days]
    prefix = "all: " if any(band.is_pooled for band in same) else ""
    return f"{prefix}n = {sum(band.customers for band in same):,}"


def _describe(band: Band) -> str:
    return f"{band.days} days" + (f" and {band.products}" if band.products else "")
