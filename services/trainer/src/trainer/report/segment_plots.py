"""Who the customers are: segment sizes, what is typical of each, the map, and how many segments there should be."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.report.figure import BLUE, BRAND, CATEGORIES, INK, SAMPLE, SEED, WARM, Plot, compose, draw
from trainer.report.wording import amount, count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trainer.report.content import ReportData

_RFM: Final = ("Recency", "Frequency", "Monetary")
_MARKERS: Final = "osD^vPX*<"  # colour alone tells a colour-blind reader nothing
_FEW: Final = "There are too few customers to group them."
_NAME_LINE: Final = 20


def segment_plots(data: ReportData) -> list[Plot]:
    """Return the four plots; sentences where there are no customers, no map or no table of cluster counts."""
    if data.customers.empty:
        titles = {"segment_sizes": "How many of each", "segment_means": "What is typical", "segment_map": "The map"}
        return [*(Plot.missing(name, title, _FEW) for name, title in titles.items()), _cluster_counts(data)]
    return [_sizes(data), _means(data), _map(data), _cluster_counts(data)]


def means_by_segment(customers: pd.DataFrame) -> pd.DataFrame:
    """Return mean Recency, Frequency, Monetary, customers and revenue by segment, most money per customer first."""
    groups = customers.groupby("segment")
    means = groups[list(_RFM)].mean().assign(customers=groups.size(), revenue=groups["Monetary"].sum())
    return means.sort_values("Monetary", ascending=False, kind="stable")


def _sizes(data: ReportData) -> Plot:
    segments = means_by_segment(data.customers)
    people = segments["customers"] / segments["customers"].sum()
    money = segments["revenue"] / max(float(segments["revenue"].sum()), 1e-9)

    def paint(axes: Axes) -> None:
        rows = np.arange(len(segments))
        axes.barh(rows - 0.19, people, height=0.34, color=BRAND, label="share of customers")
        axes.barh(rows + 0.19, money, height=0.34, color=WARM, alpha=0.75, label="share of money spent")
        for row, (who, spent, number) in enumerate(zip(people, money, segments["customers"], strict=True)):
            axes.text(who, row - 0.19, f" {percent(who)}  ({number:,})", va="center", fontsize=9)
            axes.text(spent, row + 0.19, f" {percent(spent)}", va="center", fontsize=9)
        _segment_rows(axes, segments)
        axes.set_xlim(0, float(max(people.max(), money.max())) * 1.32)
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1), ncols=2, handlelength=1, columnspacing=1.2)

    first, largest = str(segments.index[0]), str(people.idxmax())
    return draw(
        "segment_sizes",
        "How many of each, and what they bring",
        paint,
        height=70 + 46 * max(len(segments), 2),
        alt="Share of customers: " + ", ".join(f"{name} {percent(share)}" for name, share in people.items()) + ".",
        reading=f"{first} are {percent(people[first])} of your customers and bring {percent(money[first])} of the money"
        + (f"; the largest group is {largest} with {percent(people[largest])}." if largest != first else "."),
    )


def _means(data: ReportData) -> Plot:
    segments = means_by_segment(data.customers)
    columns = {"Recency": "days since\nlast order", "Frequency": "orders", "Monetary": f"spent, {data.currency}"}

    def paint(figure: Figure) -> None:
        for axes, (name, label), colour in zip(
            figure.subplots(1, 3), columns.items(), (BLUE, BRAND, WARM), strict=True
        ):
            axes.barh(range(len(segments)), segments[name], height=0.6, color=colour, alpha=0.8)
            for row, value in enumerate(segments[name]):
                axes.text(value, row, f" {amount(float(value))}", va="center", fontsize=9)
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
        "What is typical of each",
        paint,
        height=70 + 46 * max(len(segments), 2),
        alt="; ".join(
            f"{name}: {r:.0f} days, {f:.1f} orders, {m:.0f}" for name, r, f, m in segments[list(_RFM)].itertuples()
        ),
        reading=f"On average {best} ordered {amount(float(segments.Frequency[best]))} times and spent "
        f"{data.currency} {amount(float(segments.Monetary[best]))}; {longest} have been silent for "
        f"{count(round(float(segments.Recency[longest])), 'day')}.",
    )


def _map(data: ReportData) -> Plot:
    name, title = "segment_map", "The map: alike lies close"
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
            axes.scatter([], [], s=34, label=_short(segment, _NAME_LINE + 4), **style)
        (left, low), (right, high) = np.quantile(points, [0.002, 0.998], axis=0)  # a few far off would squeeze the rest
        axes.set(
            xlim=(left - 0.3, right + 0.3), ylim=(low - 0.3, high + 0.3), xlabel=_axis(data, 0), ylabel=_axis(data, 1)
        )
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, handletextpad=0.2, columnspacing=1.5)
        axes.set_xticks([])
        axes.set_yticks([])

    sample = f" {SAMPLE:,} of {len(points):,} customers are drawn." if len(points) > SAMPLE else ""
    return draw(
        name,
        title,
        paint,
        height=320,
        alt=f"Scatter of the customers on two axes, coloured by segment: {', '.join(names)}.",
        reading="Recency, frequency and money flattened onto two axes that keep "
        f"{percent(sum(data.pca_explained[:2]))} of the differences. The groups touch: customers at "
        f"a border are much like their neighbours.{sample}",
    )


def _cluster_counts(data: ReportData) -> Plot:
    name, title = "cluster_counts", "How many segments?"
    counts = [row for row in data.cluster_counts if row["silhouette"] is not None]
    if not counts:
        return Plot.missing(name, title, "There are too few customers to compare numbers of segments.")
    chosen = data.customers["segment"].nunique() if len(data.customers) else 0

    def paint(figure: Figure) -> None:
        k = [row["segments"] for row in counts]
        above, below = figure.subplots(2, sharex=True)
        above.plot(k, [row["inertia"] for row in counts], "o-", color=BRAND, markersize=5)
        above.set_ylabel("spread inside\n(elbow)")
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
        reading=f"The clearest split is into {best['segments']} (silhouette {best['silhouette']:.2f}); "
        f"{ours['segments']} segments ({ours['silhouette']:.2f}) are what the shop has names and offers for. Past the "
        "bend of the upper curve a further segment explains little.",
    )


def _segment_rows(axes: Axes, segments: pd.DataFrame) -> None:
    names = [textwrap.fill(_short(str(name), 3 * _NAME_LINE), _NAME_LINE) for name in segments.index]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _axis(data: ReportData, number: int) -> str:
    share = f" ({percent(data.pca_explained[number])} of the differences)" if len(data.pca_explained) > number else ""
    return f"axis {number + 1}{share}"
