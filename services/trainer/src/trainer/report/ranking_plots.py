"""Does the model know who is riskier than whom: ROC, precision and recall, lift and gain."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from trainer.report import curves
from trainer.report.figure import BLUE, BRAND, INK, PAPER, PLUM, QUIET, WARM, Plot, draw
from trainer.report.wording import count, percent, rival

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from trainer.report.content import Floats, ReportData

_ONE_KIND = "In the test window everybody left or everybody stayed: there is nothing to rank."
_RIVAL_STYLES: Final[tuple[dict[str, Any], ...]] = (
    {"color": QUIET, "linestyle": "--"},
    {"color": BLUE, "linestyle": "-."},
    {"color": PLUM, "linestyle": ":"},
    {"color": WARM, "linestyle": (0, (6, 2, 1, 2, 1, 2))},
)


def ranking_plots(data: ReportData) -> list[Plot]:
    """Return the four plots; each a sentence when only one kind of customer is in the window."""
    makers = {"roc": _roc, "pr": _precision_recall, "lift": _lift, "gain": _gain}
    titles = {
        "roc": "Who is riskier? (ROC)",
        "pr": "How right, how many found? (precision and recall)",
        "lift": "How often each tenth left (lift)",
        "gain": "Leavers reached by writing to the riskiest (gain)",
    }
    if not curves.both_kinds(data.churned):
        return [Plot.missing(name, titles[name], _ONE_KIND) for name in makers]
    return [make(data, titles[name]) for name, make in makers.items()]


def _roc(data: ReportData, title: str) -> Plot:
    scores = {rival(name): float(curves.auc(data.churned, score)[0]) for name, score in data.rivals.items()}
    value, low, high = curves.auc(data.churned, data.probability)

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
        for name, score, style in _styled_rivals(data):
            false_alarms, found, _ = roc_curve(data.churned, score)
            axes.plot(
                *_thinned(false_alarms, found),
                **style,
                label=f"{rival(name)}  {scores[rival(name)]:.3f}",
            )
        false_alarms, found, _ = roc_curve(data.churned, data.probability)
        axes.plot(*_thinned(false_alarms, found), color=BRAND, linewidth=2.4, label=f"This model  {value:.3f}")
        _shares(axes, "flagged among those who stayed", "flagged among those who left")
        axes.legend(loc="lower right", reverse=True, handlelength=2, borderaxespad=0.2)

    beside = "; ".join(f"{name} {100 * score:.0f}" for name, score in scores.items())
    return draw(
        "roc",
        title,
        paint,
        height=300,
        alt=f"ROC curve. Area {value:.3f}, 95 % interval {low:.3f} to {high:.3f}; guessing gives 0.5.",
        reading=f"Take one customer who left and one who stayed: in {100 * value:.0f} of 100 such pairs the model "
        f"ranks the leaver as riskier (between {100 * low:.0f} and {100 * high:.0f}; guessing gets 50)."
        + (f" Beside it: {beside}." if beside else ""),
    )


def _precision_recall(data: ReportData, title: str) -> Plot:
    everybody = float(data.churned.mean())
    chosen = curves.confusion(data.churned, data.probability, data.threshold)

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
            precision, recall, _ = precision_recall_curve(data.churned, score)
            axes.plot(*_settled(recall, precision, data), **style, label=rival(name))
        precision, recall, _ = precision_recall_curve(data.churned, data.probability)
        axes.plot(*_settled(recall, precision, data), color=BRAND, linewidth=2.4, label="This model")
        if chosen.precision is not None and chosen.recall is not None:
            axes.plot(
                chosen.recall,
                chosen.precision,
                "o",
                color=INK,
                markersize=7,
                markeredgecolor=PAPER,
                zorder=5,
                label=f"Our line, {percent(data.threshold)}",
            )
        _shares(axes, "share of all leavers found", "of the flagged, share who left")
        axes.legend(loc="lower left" if everybody > 0.3 else "upper right", reverse=True, handlelength=2)  # noqa: PLR2004

    third = curves.deciles(data.churned, data.probability)[:3]
    right = float(np.mean([tenth.left for tenth in third]))
    return draw(
        "pr",
        title,
        paint,
        height=300,
        alt=f"Precision against recall. {percent(everybody)} of everybody left, {percent(right)} of the riskiest.",
        reading=f"The fewer you write to, the more often you are right: of the riskiest {percent(third[-1].share)} "
        f"of customers {100 * right:.0f} in 100 left, of everybody {100 * everybody:.0f} in 100.",
    )


def _lift(data: ReportData, title: str) -> Plot:
    tenths, everybody = curves.deciles(data.churned, data.probability), float(data.churned.mean())
    first, last = tenths[0], tenths[-1]

    def paint(axes: Axes) -> None:
        heights = [100 * tenth.left for tenth in tenths]
        axes.bar(range(1, len(tenths) + 1), heights, width=0.72, color=BRAND, zorder=2)
        for place, (height, tenth) in enumerate(zip(heights, tenths, strict=True), start=1):
            axes.annotate(
                f"{tenth.lift:.1f}×",
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
        title,
        paint,
        alt=f"Bars by tenth, riskiest first: from {percent(first.left)} who left down to {percent(last.left)}.",
        reading=f"The riskiest tenth left {first.lift:.1f} times as often as everybody: {100 * first.left:.0f} in 100 "
        f"against {100 * everybody:.0f}. Of the safest tenth {100 * last.left:.0f} in 100 left.",
    )


def _gain(data: ReportData, title: str) -> Plot:
    tenths = curves.deciles(data.churned, data.probability)
    shown = tenths[min(2, len(tenths) - 1)]

    def paint(axes: Axes) -> None:
        shared = curves.shared_among_equals(data.churned, data.probability)
        left = np.cumsum(shared[np.argsort(-data.probability, kind="stable")]) / data.churned.sum()
        people = np.arange(1, len(left) + 1) / len(left)
        best = np.minimum(people / float(data.churned.mean()), 1)
        axes.plot(*_thinned(people, best), color=QUIET, linewidth=1.2, linestyle="--", label="A crystal ball")
        axes.plot(*_thinned(people, left), color=BRAND, linewidth=2.4, label="This model")
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, label="Drawing names")
        axes.plot([shown.share] * 2, [0, shown.found], color=INK, linewidth=1, linestyle=":")
        axes.plot(shown.share, shown.found, "o", color=INK, markersize=7, markeredgecolor=PAPER, zorder=5)
        _shares(axes, "share of customers written to, riskiest first", "share of all leavers reached")
        axes.legend(loc="lower right")

    return draw(
        "gain",
        title,
        paint,
        alt=f"Cumulative gain: {percent(shown.share)} of customers hold {percent(shown.found)} of those who left.",
        reading=f"Writing to the riskiest {percent(shown.share)} of customers reaches {percent(shown.found)} of all "
        f"who leave; drawing as many names blindly would reach {percent(shown.share)}. "
        f"The test window has {count(len(data.churned), 'customer')}.",
    )


def _styled_rivals(data: ReportData) -> Iterator[tuple[str, Floats, dict[str, Any]]]:
    for (name, score), style in zip(data.rivals.items(), cycle(_RIVAL_STYLES), strict=False):
        yield name, score, {"linewidth": 1.4, **style}


def _thinned(x: Floats, y: Floats, points: int = 300) -> tuple[Floats, Floats]:
    """Return no more points than the eye can tell apart, both ends kept."""
    rows = np.unique(np.linspace(0, len(x) - 1, points).astype(int))
    return x[rows], y[rows]


def _settled(recall: Floats, precision: Floats, data: ReportData) -> tuple[Floats, Floats]:
    """Return the curve with its first 20 leavers in one: of the first few customers every precision is chance."""
    enough = recall * data.churned.sum() >= min(20, data.churned.sum() / 2)
    recall, precision = recall[enough], precision[enough]
    return _thinned(np.append(recall, 0.0), np.append(precision, precision[-1]))


def _shares(axes: Axes, across: str, up: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=across, ylabel=up)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
