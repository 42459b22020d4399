"""Can the percentages be believed: calibration, and the record of one-time buyers by recency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.report.figure import BLUE, BRAND, PLUM, QUIET, WARM, Plot, compose, draw
from trainer.report.wording import EVERYBODY, count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.report.content import Band, ReportData

_COLOURS: Final = (BRAND, BLUE, WARM, PLUM)
_MARKERS: Final = "osD^"


def probability_plots(data: ReportData) -> list[Plot]:
    """Return the calibration plot and the one-time buyers'; the latter a sentence when there are none."""
    return [_calibration(data), _single_order(data)]


def _calibration(data: ReportData) -> Plot:
    bins = data.manifest["calibration"]
    predicted, observed, low, high, customers = (
        np.array([part[name] for part in bins])
        for name in ("mean_probability", "churn_rate", "low", "high", "customers")
    )
    said, happened = float(np.average(predicted, weights=customers)), data.manifest["churn_rate"]
    within = int(((low <= predicted) & (predicted <= high)).sum())

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle="--", label="said = happened")
        above.errorbar(
            predicted,
            observed,
            yerr=np.maximum([observed - low, high - observed], 0),
            color=BRAND,
            marker="o",
            markersize=5,
            linewidth=1.4,
            elinewidth=1.4,
            capsize=0,
            label="a tenth of the customers, 95 % interval",
        )
        above.set(ylim=(0, 1), ylabel="what happened: share who left")
        above.legend(loc="upper left")
        below.hist(data.probability, bins=np.linspace(0, 1, 41), color=BRAND, alpha=0.55)
        below.set(xlim=(0, 1), xlabel="what the model said")
        below.set_ylabel("customers", labelpad=4)
        below.locator_params(axis="y", nbins=2)
        for axes in (above, below):
            axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        above.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")

    return compose(
        "calibration",
        "Said and happened (calibration)",
        paint,
        height=320,
        alt=f"Calibration: in {within} of {len(bins)} groups what was said lies in the interval of what happened.",
        reading=f"On the whole the model said {percent(said)} and {percent(happened)} left. Where it said "
        f"{percent(predicted[-1])}, {100 * observed[-1]:.0f} in 100 did. In {within} of {len(bins)} groups the "
        "difference is no more than chance would make.",
    )


def _single_order(data: ReportData) -> Plot:
    name, title, bands = "single_order", "One-time buyers by days of silence", data.single_order_bands
    if not bands:
        return Plot.missing(name, title, "There were too few one-time buyers to learn from.")
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
        axes.set(ylim=(0, 1.1), xlabel="days since the only order", ylabel="share who did not come back")
        axes.set_yticks(np.linspace(0, 1, 6), [f"{step} %" for step in range(0, 101, 20)])
        axes.grid(visible=False, axis="x")
        if len(breadths) > 1:
            axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, columnspacing=1.2, handletextpad=0.3)

    low, high = (choose(bands, key=lambda band: band.rate) for choose in (min, max))
    told = [f"{_who(band)} {percent(band.rate)}" for band in bands]
    return draw(
        name,
        title,
        paint,
        height=320,
        alt=f"Did not come back, by days since the only order: {'; '.join(told)}.",
        reading=f"Who bought once gets the record of others like them: within {count(data.horizon_days, 'day')} "
        f"{100 * low.rate:.0f} in 100 with {_who(low)} did not come back, {100 * high.rate:.0f} in 100 with "
        f"{_who(high)}. The rate counts a customer once for every training cut-off at which they stood there; "
        "n counts customers, and the 90 % intervals allow for the same one standing there several times."
        + (f" {EVERYBODY}" if any(band.is_everybody for band in bands) else ""),
    )


def _customers(bands: Sequence[Band], days: str) -> str:
    """Return how many customers stand behind the bands of these days; those of a band that stands for all are all."""
    same = [band for band in bands if band.days == days]
    who = "all: " if any(band.is_everybody for band in same) else ""
    return f"{who}n = {sum(band.customers for band in same):,}"


def _who(band: Band) -> str:
    return f"{band.days} days of silence" + (f" and {band.products}" if band.products else "")
