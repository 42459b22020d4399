"""The segment plots: sizes, means, the map, and the choice of how many."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.report.figure import BLUE, BRAND, CATEGORIES, INK, SAMPLE, SEED, WARM, Plot, compose, draw, percent_axis
from trainer.report.number_format import compact, count, money, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.report.data import ReportData

_MONEY: Final = "net_monetary"
_RFM: Final = ("Recency", "Frequency", _MONEY)
_MARKERS: Final = "osD^vPX*<"  # colour alone does not help a colour-blind reader
_SIZES: Final = "Share of customers and revenue"
_MEANS: Final = "Average customer of each segment"
_MAP: Final = "Segment map"
_FEW: Final = "Too few customers to form segments."
_NAME_LENGTH: Final = 20  # of a line


def segment_plots(data: ReportData) -> list[Plot]:
    """Return the four plots; a sentence for each without customers, map or cluster counts."""
    if data.customers.empty:
        titles = {"segment_sizes": _SIZES, "segment_means": _MEANS, "segment_map": _MAP}
        return [*(Plot.missing(name, title, _FEW) for name, title in titles.items()), _cluster_counts(data)]
    return [_sizes(data), _means(data), _map(data), _cluster_counts(data)]


def means_by_segment(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the means of _RFM, customers and revenue by segment, highest mean spend first; money is after returns."""
    groups = customers.groupby("segment")
    means = groups[list(_RFM)].mean().assign(customers=groups.size(), revenue=groups[_MONEY].sum().clip(lower=0))
    return means.sort_values(_MONEY, ascending=False, kind="stable")


def _sizes(data: ReportData) -> Plot:
    segments = means_by_segment(data.customers)
    shares = segments["customers"] / segments["customers"].sum()
    revenue = segments["revenue"] / max(float(segments["revenue"].sum()), 1e-9)

    def paint(axes: Axes) -> None:
        rows = np.arange(len(segments))
        axes.barh(rows - 0.19, shares, height=0.34, color=BRAND, label="share of customers")
        axes.barh(rows + 0.19, revenue, height=0.34, color=WARM, alpha=0.75, label="share of revenue")
        for row, (share, spent, number) in enumerate(zip(shares, revenue, segments["customers"], strict=True)):
            axes.text(share, row - 0.19, f" {percent(share)}  ({number:,})", va="center", fontsize=9)
            axes.text(spent, row + 0.19, f" {percent(spent)}", va="center", fontsize=9)
        _segment_rows(axes, segments)
        axes.set_xlim(0, float(max(shares.max(), revenue.max())) * 1.32)
        percent_axis(axes.xaxis)
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1), ncols=2, handlelength=1, columnspacing=1.2)

    first, largest = str(segments.index[0]), str(shares.idxmax())
    return draw(
        "segment_sizes",
        _SIZES,
        paint,
        height=70 + 46 * max(len(segments), 2),
        alt="Share of customers: " + ", ".join(f"{name} {percent(share)}" for name, share in shares.items()) + ".",
        caption=f"{first} are {percent(shares[first])} of customers and bring {percent(revenue[first])} of revenue"
        + (f". The largest segment is {largest}, with {percent(shares[largest])}." if largest != first else "."),
    )


def _means(data: ReportData) -> Plot:
    segments = means_by_segment(data.customers)
    columns: dict[str, tuple[str, Callable[[float], str]]] = {
        "Recency": ("days since\nlast order", compact),
        "Frequency": ("orders", compact),
        _MONEY: ("spent after\nreturns", lambda value: money(value, data.currency)),
    }

    def paint(figure: Figure) -> None:
        for axes, (name, (label, write)), colour in zip(
            figure.subplots(1, 3), columns.items(), (BLUE, BRAND, WARM), strict=True
        ):
            axes.barh(range(len(segments)), segments[name], height=0.6, color=colour, alpha=0.8)
            for row, value in enumerate(segments[name]):
                axes.text(value, row, f" {write(float(value))}", va="center", fontsize=9)
            _segment_rows(axes, segments)
            axes.set_xlim(0, max(float(segments[name].max()), 1e-9) * 1.6)
            axes.set_xticks([])
            axes.spines["bottom"].set_visible(False)
            axes.set_title(label, fontsize=9)
            if name != "Recency":
                axes.set_yticks([])

    best, longest = str(segments.index[0]), str(segments["Recency"].idxmax())
    return compose(
        "segment_means",
        _MEANS,
        paint,
        height=70 + 46 * max(len(segments), 2),
        alt="; ".join(
            f"{name}: {r:.0f} days, {f:.1f} orders, {money(m, data.currency)}"
            for name, r, f, m in segments[list(_RFM)].itertuples()
        ),
        caption=f"On average, {best} ordered {compact(float(segments.Frequency[best]))} times and spent "
        f"{money(float(segments[_MONEY][best]), data.currency)}; {longest} last ordered "
        f"{count(round(float(segments.Recency[longest])), 'day')} ago.",
    )


def _map(data: ReportData) -> Plot:
    name, title = "segment_map", _MAP
    if data.pca is None:
        return Plot.missing(name, title, _FEW)
    rows = np.sort(np.random.default_rng(SEED).permutation(len(data.pca))[:SAMPLE])
    points, of = data.pca, data.customers["segment"].to_numpy()
    names = [str(segment) for segment in means_by_segment(data.customers).index]

    def paint(axes: Axes) -> None:
        for place, segment in enumerate(names):
            mine = rows[of[rows] == segment]
            style: dict[str, Any] = {
                "color": CATEGORIES[place % len(CATEGORIES)],
                "marker": _MARKERS[place % len(_MARKERS)],
                "linewidths": 0,
            }
            axes.scatter(points[mine, 0], points[mine, 1], s=7, alpha=0.6, rasterized=True, **style)
            axes.scatter([], [], s=34, label=_short(segment, _NAME_LENGTH + 4), **style)
        (left, low), (right, high) = np.quantile(points, [0.002, 0.998], axis=0)  # outliers would squeeze the rest
        axes.set(
            xlim=(left - 0.3, right + 0.3), ylim=(low - 0.3, high + 0.3), xlabel=_axis(data, 0), ylabel=_axis(data, 1)
        )
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, handletextpad=0.2, columnspacing=1.5)
        axes.set_xticks([])
        axes.set_yticks([])

    sample = f" {SAMPLE:,} of {len(points):,} customers are shown." if len(points) > SAMPLE else ""
    return draw(
        name,
        title,
        paint,
        height=320,
        alt=f"Scatter plot of customers on two axes, coloured by segment: {', '.join(names)}.",
        caption="Similar customers are close together. The two axes (principal components of log RFM) keep "
        f"{percent(sum(data.pca_explained[:2]))} of the variance. Segments touch: customers at a border resemble their "
        f"neighbours.{sample}",
    )


def _cluster_counts(data: ReportData) -> Plot:
    name, title = "cluster_counts", "How many segments?"
    counts = [row for row in data.cluster_counts if row["silhouette"] is not None]
    if not counts:
        return Plot.missing(name, title, "Too few customers to compare numbers of segments.")
    chosen = data.customers["segment"].nunique() if len(data.customers) else 0

    def paint(figure: Figure) -> None:
        k = [row["segments"] for row in counts]
        above, below = figure.subplots(2, sharex=True)
        above.plot(k, [row["inertia"] for row in counts], "o-", color=BRAND, markersize=5)
        above.set_ylabel("inertia\n(elbow)")
        above.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        below.plot(k, [row["silhouette"] for row in counts], "o-", color=BLUE, markersize=5)
        below.set_ylabel("silhouette")
        below.set(xlabel="number of segments", xticks=k)
        for axes in (above, below):
            axes.margins(y=0.2)
            if chosen:
                axes.axvline(chosen, color=INK, linewidth=1.2, linestyle=":")
        if chosen:
            above.annotate(
                f"ours: {chosen}",
                (chosen, 1),
                (5, -4),
                xycoords=("data", "axes fraction"),
                va="top",
                textcoords="offset points",
                fontsize=9,
            )

    best = max(counts, key=lambda row: float(row["silhouette"]))
    ours = next((row for row in counts if row["segments"] == chosen), best)
    return compose(
        name,
        title,
        paint,
        height=320,
        alt="Silhouette by number of segments: "
        + ", ".join(f"{row['segments']} {row['silhouette']:.2f}" for row in counts)
        + ".",
        caption=f"The clearest split is into {best['segments']} (silhouette {best['silhouette']:.2f}). The shop uses "
        f"{ours['segments']} ({ours['silhouette']:.2f}), each with a name and an offer. Past the bend of the upper "
        "curve, more segments explain little more.",
    )


def _segment_rows(axes: Axes, segments: pd.DataFrame) -> None:
    names = [textwrap.fill(_short(str(name), 3 * _NAME_LENGTH), _NAME_LENGTH) for name in segments.index]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _axis(data: ReportData, number: int) -> str:
    share = f" ({percent(data.pca_explained[number])} of variance)" if len(data.pca_explained) > number else ""
    return f"axis {number + 1}{share}"
