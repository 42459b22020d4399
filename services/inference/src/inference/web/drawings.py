"""The geometry of the page's drawings. Pure arithmetic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

CENTRE: Final = (150.0, 150.0)
RADIUS: Final = 118.0
_LEAST_ARC: Final = 0.012  # of the half circle: a narrower interval would be invisible

BAR_HALF: Final = 100.0  # the longest bar to either side, of 200 across
LEAST_SCALE: Final = 0.5  # of log-odds: small reasons alone do not fill the drawing


class Point(NamedTuple):
    """A place in a drawing."""

    x: float
    y: float


class Gauge(NamedTuple):
    """A half circle from 0 on the left to 1 on the right, with an interval, a hand and a mark."""

    below: str  # paths: below the threshold, above it, and the interval
    above: str
    interval: str
    hand: tuple[Point, Point]
    mark: tuple[Point, Point]
    label: Point  # of the mark, outside
    anchor: str  # which end of the label is at that point


def gauge(probability: float, low: float, high: float, threshold: float) -> Gauge:
    """Return the gauge of a probability with its interval and the threshold, each from 0 to 1."""
    widened = max(0.0, _LEAST_ARC - (high - low)) / 2
    return Gauge(
        _arc(0, threshold),
        _arc(threshold, 1),
        _arc(max(0.0, low - widened), min(1.0, high + widened)),
        (_at(probability, RADIUS - 26), _at(probability, RADIUS + 17)),
        (_at(threshold, RADIUS - 13), _at(threshold, RADIUS + 19)),
        _at(threshold, RADIUS + 27),
        "end" if threshold < 0.45 else "start" if threshold > 0.55 else "middle",  # noqa: PLR2004 - about the top
    )


def _at(share: float, radius: float) -> Point:
    angle = math.pi * (1 - share)
    x, y = CENTRE
    return Point(round(x + radius * math.cos(angle), 2), round(y - radius * math.sin(angle), 2))


def _arc(start: float, end: float) -> str:
    begin, stop = _at(start, RADIUS), _at(end, RADIUS)
    return f"M{begin.x} {begin.y}A{RADIUS} {RADIUS} 0 0 1 {stop.x} {stop.y}"


class Bar(NamedTuple):
    """A bar: its start and its length."""

    start: float
    length: float


def diverging(values: Sequence[float]) -> list[Bar]:
    """Return bars from the middle of 2 · BAR_HALF, positive values to the right; the largest fills its side."""
    largest = max([LEAST_SCALE, *map(abs, values)])
    lengths = [round(BAR_HALF * abs(value) / largest, 1) for value in values]
    return [
        Bar(BAR_HALF if value > 0 else BAR_HALF - length, length) for value, length in zip(values, lengths, strict=True)
    ]


def upright(values: Sequence[float], *, height: float) -> list[Bar]:
    """Return bars that stand on `height`; the greatest reaches 0, and values up to 0 have no length."""
    greatest = max(values, default=0)
    lengths = [round(height * max(0.0, value) / greatest, 1) if greatest > 0 else 0.0 for value in values]
    return [Bar(round(height - length, 1), length) for length in lengths]
