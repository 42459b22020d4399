"""The worked example: one customer's probability, step by step from the average customer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from retention.scoring.churn import sigmoid
from trainer.report.feature_axes import rows_height
from trainer.report.figure import BRAND, INK, QUIET, WARM, Plot, draw
from trainer.report.labels import feature
from trainer.report.number_format import MONTHS, compact, money, percent, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trainer.arrays import Floats
    from trainer.report.data import ReportData

_RISKIER_THAN: Final = 0.9  # high enough to act on, not extreme
_MAX_TICKS: Final = 5  # probability labels that fit side by side
_MONEY: Final = {"Monetary", "AvgOrderValue", "net_monetary"}


class _Step(NamedTuple):
    label: str
    start: float
    end: float


def worked_example(data: ReportData, title: str) -> Plot:
    """Return the waterfall of the customer riskier than 90% of those with contributions (one or more)."""
    ranked = np.argsort(data.contributions.to_numpy().sum(axis=1), kind="stable")
    place = int(ranked[int(_RISKIER_THAN * (len(ranked) - 1))])
    row = int(data.features.index.get_indexer(data.contributions.index[[place]])[0])
    steps = _steps(data, data.contributions.to_numpy()[place], row)
    start, end = sigmoid(data.base_log_odds), sigmoid(steps[-1].end)

    def paint(axes: Axes) -> None:
        for line, step in enumerate(steps, start=1):
            _bar(axes, line, step)
        last = len(steps) + 1
        axes.plot([data.base_log_odds] * 2, [-0.31, 1.31], color=QUIET, linewidth=0.8)
        for line, log_odds, probability in ((0, data.base_log_odds, start), (last, steps[-1].end, end)):
            axes.plot(log_odds, line, "o", color=INK, markersize=7)
            axes.annotate(
                percent(probability),
                (log_odds, line),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontweight="bold",
            )
        axes.set_yticks(range(last + 1), ["Average customer", *(step.label for step in steps), "This customer"])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_ylim(last + 0.6, -0.6)
        axes.grid(visible=False, axis="y")
        _probability_axis(axes, [data.base_log_odds, *(step.end for step in steps)])

    outcome = "left" if data.churned[row] else "stayed"
    flagged = "was flagged" if end >= data.threshold else "was not flagged"
    largest = max(steps, key=lambda step: abs(step.end - step.start))
    direction = "raises" if largest.end > largest.start else "lowers"
    return draw(
        "example",
        title,
        paint,
        height=rows_height(len(steps) + 2),
        alt=f"Waterfall from the average customer's {percent(start)} to this customer's {percent(end)}.",
        caption=f"This customer, riskier than {percent(_RISKIER_THAN)} of those the formula scores, {flagged} at "
        f"{percent(end)} and {outcome}. The average customer starts at {percent(start)}. The largest step, "
        f"{largest.label[0].lower()}{largest.label[1:]}, {direction} the risk. The steps add up exactly.",
    )


def _steps(data: ReportData, contributions: Floats, row: int) -> list[_Step]:
    order = np.argsort(-np.abs(contributions), kind="stable")
    names = [str(data.contributions.columns[place]) for place in order]
    values = data.features[names].to_numpy()[row]
    ends = data.base_log_odds + np.cumsum(contributions[order])
    starts = [data.base_log_odds, *ends[:-1]]
    labels = [f"{feature(name)}: {_value(data, name, float(value))}" for name, value in zip(names, values, strict=True)]
    steps = [_Step(*step) for step in zip(labels, map(float, starts), map(float, ends), strict=True)]
    shift = data.season[data.test_month].log_odds
    if shift:
        steps.append(_Step(f"Season ({MONTHS[data.test_month]})", steps[-1].end, steps[-1].end + shift))
    return steps


def _value(data: ReportData, name: str, value: float) -> str:
    return money(value, data.currency) if name in _MONEY else compact(value)


def _bar(axes: Axes, line: int, step: _Step) -> None:
    raises = step.end >= step.start
    axes.barh(line, step.end - step.start, left=step.start, height=0.62, color=WARM if raises else BRAND)
    axes.plot([step.end, step.end], [line - 0.31, line + 1.31], color=QUIET, linewidth=0.8)
    axes.annotate(
        signed(step.end - step.start),
        (max(step.start, step.end) if raises else min(step.start, step.end), line),
        (4 if raises else -4, 0),
        textcoords="offset points",
        va="center",
        ha="left" if raises else "right",
        fontsize=9,
    )


def _probability_axis(axes: Axes, log_odds: list[float]) -> None:
    """Label the log-odds axis with probabilities."""
    room = max(0.2 * (max(log_odds) - min(log_odds)), 0.3)
    low, high = min(log_odds) - room, max(log_odds) + 1.3 * room
    ticks = _round_probabilities(sigmoid(low), sigmoid(high))
    axes.set_xlim(low, high)
    axes.set_xticks([float(np.log(tick / (1 - tick))) for tick in ticks], [percent(tick) for tick in ticks])
    axes.set_xlabel("churn probability")


def _round_probabilities(low: float, high: float) -> list[float]:
    for step in (1, 2, 5, 10):
        inside = [percentage / 100 for percentage in range(step, 100, step) if low < percentage / 100 < high]
        if len(inside) <= _MAX_TICKS:
            return inside
    return [probability for probability in (0.02, 0.1, 0.5, 0.9, 0.98) if low < probability < high]
