"""Does the model know who is riskier than whom: ROC, precision and recall, lift and gain."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.report import curves
from trainer.report.figure import BLUE, BRAND, INK, PAPER, PLUM, QUIET, WARM, Plot, draw
from trainer.report.wording import count, percent, rival

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from trainer.report.content import Floats, ReportData

_RIVAL_STYLES: Final[tuple[dict[str, Any], ...]] = (
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
    scores = {name: comparison[name]["roc_auc"]["value"] for name in data.rivals}

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
        for name, score, style in _styled_rivals(data):
            axes.plot(*curves.roc(data.churned, score), **style, label=f"{rival(name)}  {scores[name]:.3f}")
        points = curves.roc(data.churned, data.probability)
        axes.plot(*points, color=BRAND, linewidth=2.4, label=f"This model  {value:.3f}")
        _shares(axes, "flagged among those who stayed", "flagged among those who left")
        axes.legend(loc="lower right", reverse=True, handlelength=2, borderaxespad=0.2)

    beside = "; ".join(f"{rival(name)} {100 * score:.0f}" for name, score in scores.items())
    return draw(
        "roc",
        "Who is riskier? (ROC)",
        paint,
        height=300,
        alt=f"ROC curve. Area {value:.3f}, 95 % interval {low:.3f} to {high:.3f}; guessing gives 0.5.",
        reading=f"Take one customer who left and one who stayed: in {100 * value:.0f} of 100 such pairs the model "
        f"ranks the leaver as riskier (between {100 * low:.0f} and {100 * high:.0f}; guessing gets 50)."
        + (f" Beside it: {beside}." if beside else ""),
    )


def _precision_recall(data: ReportData) -> Plot:
    everybody, chosen = data.manifest["churn_rate"], data.manifest["at_threshold"]

    def paint(axes: Axes) -> None:
        axes.axhline(everybody, color=QUIET, linewidth=1)
        axes.annotate(
            f"everybody: {percent(everybody)}",
            (0.01, everybody),
            (0, -4),
            textcoords="offset points",
            va="top",
            color=QUIET,
            fontsize=9,
        )
        for name, score, style in _styled_rivals(data):
            axes.plot(*curves.precision_recall(data.churned, score), **style, label=rival(name))
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
                label=f"Our line, {percent(data.threshold)}",
            )
        _shares(axes, "share of all leavers found", "of the flagged, share who left")
        axes.legend(loc="lower left" if everybody > 0.3 else "upper right", reverse=True, handlelength=2)  # noqa: PLR2004

    share, third = _riskiest_third(data)
    right = third["cumulative_lift"] * everybody
    return draw(
        "pr",
        "How right, how many found? (precision and recall)",
        paint,
        height=300,
        alt=f"Precision against recall. {percent(everybody)} of everybody left, {percent(right)} of the riskiest.",
        reading=f"The fewer you write to, the more often you are right: of the riskiest {percent(share)} "
        f"of customers {100 * right:.0f} in 100 left, of everybody {100 * everybody:.0f} in 100.",
    )


def _lift(data: ReportData) -> Plot:
    tenths, everybody = data.manifest["deciles"], data.manifest["churn_rate"]
    first, last = tenths[0], tenths[-1]

    def paint(axes: Axes) -> None:
        heights = [100 * tenth["churn_rate"] for tenth in tenths]
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
            100 * everybody,
            color=WARM,
            linewidth=1.4,
            linestyle="--",
            zorder=1,
            label=f"everybody, {percent(everybody)}",
        )
        axes.legend(loc="upper right")
        axes.set_xticks(range(1, len(tenths) + 1))
        axes.set_ylim(0, max(heights) * 1.2)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("tenth of the customers, riskiest first")
        axes.set_ylabel("of 100, left")

    return draw(
        "lift",
        "How often each tenth left (lift)",
        paint,
        alt=f"Bars by tenth, riskiest first: from {percent(first['churn_rate'])} who left down to "
        f"{percent(last['churn_rate'])}.",
        reading=f"The riskiest tenth left {first['lift']:.1f} times as often as everybody: "
        f"{100 * first['churn_rate']:.0f} in 100 against {100 * everybody:.0f}. Of the safest tenth "
        f"{100 * last['churn_rate']:.0f} in 100 left.",
    )


def _gain(data: ReportData) -> Plot:
    tenths, everybody = data.manifest["deciles"], data.manifest["churn_rate"]
    share, shown = _riskiest_third(data)
    customers = np.cumsum([0, *(tenth["customers"] for tenth in tenths)])

    def paint(axes: Axes) -> None:
        found = [0, *(tenth["gain"] for tenth in tenths)]
        axes.plot([0, everybody, 1], [0, 1, 1], color=QUIET, linewidth=1.2, linestyle="--", label="A crystal ball")
        axes.plot(customers / customers[-1], found, color=BRAND, linewidth=2.4, label="This model")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, label="Drawing names")
        axes.plot([share] * 2, [0, shown["gain"]], color=INK, linewidth=1, linestyle=":")
        axes.plot(share, shown["gain"], "o", color=INK, markersize=7, markeredgecolor=PAPER, zorder=5)
        _shares(axes, "share of customers written to, riskiest first", "share of all leavers reached")
        axes.legend(loc="lower right")

    return draw(
        "gain",
        "Leavers reached by writing to the riskiest (gain)",
        paint,
        alt=f"Cumulative gain: {percent(share)} of customers hold {percent(shown['gain'])} of those who left.",
        reading=f"Writing to the riskiest {percent(share)} of customers reaches {percent(shown['gain'])} of all "
        f"who leave; drawing as many names blindly would reach {percent(share)}. "
        f"The test window has {count(data.manifest['customers'], 'customer')}.",
    )


def _riskiest_third(data: ReportData) -> tuple[float, dict[str, Any]]:
    """Return which share of the customers the first three tenths are, and the third of them."""
    first = data.manifest["deciles"][:3]
    return sum(tenth["customers"] for tenth in first) / data.manifest["customers"], first[-1]


def _styled_rivals(data: ReportData) -> Iterator[tuple[str, Floats, dict[str, Any]]]:
    for (name, score), style in zip(data.rivals.items(), cycle(_RIVAL_STYLES), strict=False):
        yield name, score, {"linewidth": 1.4, **style}


def _shares(axes: Axes, across: str, up: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=across, ylabel=up)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
