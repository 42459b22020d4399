"""The ranking plots: ROC, precision and recall, lift, gain."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.report import curves
from trainer.report.figure import BLUE, BRAND, INK, PAPER, PLUM, QUIET, WARM, Plot, draw, percent_axis
from trainer.report.labels import model
from trainer.report.number_format import count, percent, percent_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from trainer.arrays import Floats
    from trainer.report.data import ReportData

_BASELINE_STYLES: Final[tuple[dict[str, Any], ...]] = (
    {"color": QUIET, "linestyle": "--"},
    {"color": BLUE, "linestyle": "-."},
    {"color": PLUM, "linestyle": ":"},
    {"color": WARM, "linestyle": (0, (6, 2, 1, 2, 1, 2))},
)


def ranking_plots(data: ReportData) -> list[Plot]:
    """Return the four plots."""
    return [_roc(data), _precision_recall(data), _lift(data), _gain(data)]


def _roc(data: ReportData) -> Plot:
    ours, comparison = data.manifest["metrics"]["roc_auc"], data.manifest["comparison"]
    value, low, high = ours["value"], ours["low"], ours["high"]
    areas = {name: comparison[name]["roc_auc"]["value"] for name in data.baselines}

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
        for name, score, style in _styled_baselines(data):
            axes.plot(*curves.roc(data.churned, score), **style, label=f"{model(name)}  {areas[name]:.3f}")
        points = curves.roc(data.churned, data.probability)
        axes.plot(*points, color=BRAND, linewidth=2.4, label=f"This model  {value:.3f}")
        _share_axes(axes, "share of stayers flagged", "share of leavers flagged")
        axes.legend(loc="lower right", reverse=True, handlelength=2, borderaxespad=0.2)

    others = "; ".join(f"{model(name)} {percent(area)}" for name, area in areas.items())
    return draw(
        "roc",
        "Ranking quality (ROC)",
        paint,
        height=300,
        alt=f"ROC curve. Area {value:.3f}, 95% interval {low:.3f} to {high:.3f}; guessing gives 0.5.",
        caption=f"Given one leaver and one stayer, the model ranks the leaver higher in {percent(value)} of cases "
        f"(95% interval {percent_range(low, high)}; guessing gives 50%)."
        + (f" For comparison: {others}." if others else ""),
    )


def _precision_recall(data: ReportData) -> Plot:
    overall, chosen = data.manifest["churn_rate"], data.manifest["at_threshold"]

    def paint(axes: Axes) -> None:
        axes.axhline(overall, color=QUIET, linewidth=1)
        axes.annotate(
            f"overall churn rate: {percent(overall)}",
            (0.01, overall),
            (0, -4),
            textcoords="offset points",
            va="top",
            color=QUIET,
            fontsize=9,
        )
        for name, score, style in _styled_baselines(data):
            axes.plot(*curves.precision_recall(data.churned, score), **style, label=model(name))
        points = curves.precision_recall(data.churned, data.probability)
        axes.plot(*points, color=BRAND, linewidth=2.4, label="This model")
        if chosen["flagged_share"]:
            axes.plot(
                chosen["recall"],
                chosen["precision"],
                "o",
                color=INK,
                markersize=7,
                markeredgecolor=PAPER,
                zorder=5,
                label=f"Our threshold, {percent(data.threshold)}",
            )
        _share_axes(axes, "recall: share of leavers flagged", "precision: share of flagged who left")
        axes.legend(loc="lower left" if overall > 0.3 else "upper right", reverse=True, handlelength=2)  # noqa: PLR2004

    share, third = _top_three_tenths(data)
    return draw(
        "pr",
        "Precision and recall",
        paint,
        height=300,
        alt=f"Precision-recall curve. {percent(overall)} of all customers left, "
        f"{percent(third['cumulative_lift'] * overall)} of the riskiest {percent(share)}.",
        caption="The fewer customers you contact, the more of them are leavers: "
        f"{percent(third['cumulative_lift'] * overall)} of the riskiest {percent(share)} left, against "
        f"{percent(overall)} of all customers.",
    )


def _lift(data: ReportData) -> Plot:
    tenths, overall = data.manifest["deciles"], data.manifest["churn_rate"]
    first, last = tenths[0], tenths[-1]

    def paint(axes: Axes) -> None:
        heights = [tenth["churn_rate"] for tenth in tenths]
        axes.bar(range(1, len(tenths) + 1), heights, width=0.72, color=BRAND, zorder=2)
        for place, (height, tenth) in enumerate(zip(heights, tenths, strict=True), start=1):
            axes.annotate(
                f"{tenth['lift']:.1f}×",
                (place, height),
                (0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=9,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
            )
        axes.axhline(
            overall, color=WARM, linewidth=1.4, linestyle="--", zorder=1, label=f"all customers, {percent(overall)}"
        )
        axes.legend(loc="upper right")
        axes.set_xticks(range(1, len(tenths) + 1))
        axes.set_ylim(0, max(heights) * 1.2)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("tenth of the customers, riskiest first")
        axes.set_ylabel("churn rate")
        percent_axis(axes.yaxis)

    return draw(
        "lift",
        "Churn rate by tenth (lift)",
        paint,
        alt=f"Bars by tenth, riskiest first: churn rate from {percent(first['churn_rate'])} down to "
        f"{percent(last['churn_rate'])}.",
        caption=f"The riskiest tenth left {first['lift']:.1f} times as often as customers overall: "
        f"{percent(first['churn_rate'])} against {percent(overall)}. Of the safest tenth, "
        f"{percent(last['churn_rate'])} left.",
    )


def _gain(data: ReportData) -> Plot:
    tenths, overall = data.manifest["deciles"], data.manifest["churn_rate"]
    share, shown = _top_three_tenths(data)
    customers = np.cumsum([0, *(tenth["customers"] for tenth in tenths)])

    def paint(axes: Axes) -> None:
        found = [0, *(tenth["gain"] for tenth in tenths)]
        axes.plot([0, overall, 1], [0, 1, 1], color=QUIET, linewidth=1.2, linestyle="--", label="Perfect model")
        axes.plot(customers / customers[-1], found, color=BRAND, linewidth=2.4, label="This model")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, label="Random order")
        axes.plot([share] * 2, [0, shown["gain"]], color=INK, linewidth=1, linestyle=":")
        axes.plot(share, shown["gain"], "o", color=INK, markersize=7, markeredgecolor=PAPER, zorder=5)
        _share_axes(axes, "share of customers contacted, riskiest first", "share of leavers reached")
        axes.legend(loc="lower right")

    return draw(
        "gain",
        "Leavers reached (gain)",
        paint,
        alt=f"Cumulative gain: the riskiest {percent(share)} of customers include {percent(shown['gain'])} of leavers.",
        caption=f"Contacting the riskiest {percent(share)} of customers reaches {percent(shown['gain'])} of all "
        f"leavers; contacting as many at random would reach {percent(share)}. "
        f"The test window has {count(data.manifest['customers'], 'customer')}.",
    )


def _top_three_tenths(data: ReportData) -> tuple[float, dict[str, Any]]:
    """Return the customers' share in the three riskiest tenths, and the third's row."""
    first = data.manifest["deciles"][:3]
    return sum(tenth["customers"] for tenth in first) / data.manifest["customers"], first[-1]


def _styled_baselines(data: ReportData) -> Iterator[tuple[str, Floats, dict[str, Any]]]:
    for (name, score), style in zip(data.baselines.items(), cycle(_BASELINE_STYLES), strict=False):
        yield name, score, {"linewidth": 1.4, **style}


def _share_axes(axes: Axes, across: str, up: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=across, ylabel=up)
    percent_axis(axes.xaxis, axes.yaxis)
