"""Can the percentages be believed: calibration, and the record of one-time buyers by recency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.report import curves
from trainer.report.figure import BLUE, BRAND, PLUM, QUIET, WARM, Plot, compose, draw
from trainer.report.wording import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.report.content import Band, ReportData


_COLOURS: Final = (BRAND, BLUE, WARM, PLUM)
_MARKERS: Final = "osD^"


def probability_plots(data: ReportData) -> list[Plot]:
    """Return the calibration plot and the one-time buyers'; the latter a sentence when there are none."""
    return [_calibration(data), _single_order(data)]


def _calibration(data: ReportData) -> Plot:
    bins = curves.calibration(data.churned, data.probability)
    said, happened = float(data.probability.mean()), float(data.churned.mean())
    within = sum(part.low <= part.predicted <= part.high for part in bins)
    highest = bins[-1]

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle="--", label="said = happened")
        predicted, observed = [part.predicted for part in bins], [part.observed for part in bins]
        spread = [[part.observed - part.low for part in bins], [part.high - part.observed for part in bins]]
        above.errorbar(
            predicted,
            observed,
            yerr=np.maximum(spread, 0),
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
        f"{percent(highest.predicted)}, {100 * highest.observed:.0f} in 100 did. In {within} of {len(bins)} groups the "
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
        people = [sum(band.customers for band in bands if band.days == each) for each in days]
        axes.set_xticks(range(len(days)), [f"{each}\nn = {n:,}" for each, n in zip(days, people, strict=True)])
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
        f"{_who(high)} (90 % intervals; a customer counts once per training cut-off).",
    )


def _who(band: Band) -> str:
    return f"{band.days} days of silence" + (f" and {band.products}" if band.products else "")
