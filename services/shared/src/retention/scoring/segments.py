"""Segments: the nearest centroid in log RFM space, named after what the centroid is. Pure arithmetic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# A customer who cancelled 168,470 the same day is worth nothing, so net money counts. Bundles of older releases do not
# name their money: they were fitted on the value of orders before returns, and are applied to that.
NET: Final = "net_monetary"
GROSS: Final = "Monetary"


class Segment(NamedTuple):
    """One cluster: its name, its centroid, and the recommended action and offer."""

    cluster: int
    segment: str
    action: str
    offer: str
    centroid: tuple[float, float, float]  # standardised log1p recency, frequency, money


class SegmentModel(NamedTuple):
    """log1p → standardise → nearest centroid, over recency (days), frequency (orders) and the feature `money`."""

    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    segments: tuple[Segment, ...]
    money: str = GROSS

    @property
    def features(self) -> tuple[str, str, str]:
        """The features of a customer that decide, in the order of the centroids."""
        return "Recency", "Frequency", self.money

    def of(self, features: Mapping[str, float]) -> Segment:
        """Return the segment of a customer with these features."""
        return self.segment(*(features[name] for name in self.features))

    def segment(self, recency: float, frequency: float, money: float) -> Segment:
        """Return the segment whose centroid is nearest, the first of equals; money below 0 counts as 0."""
        logs = (math.log1p(recency), math.log1p(frequency), math.log1p(max(0.0, money)))
        point = [(log - mean) / scale for log, mean, scale in zip(logs, self.mean, self.scale, strict=True)]
        return min(self.segments, key=lambda segment: math.dist(point, segment.centroid))

    def to_json(self) -> dict[str, Any]:
        """Return the model as written to `segments.json`."""
        segments = [segment._asdict() for segment in self.segments]
        return {"money": self.money, "mean": self.mean, "scale": self.scale, "segments": segments}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SegmentModel:
        """Return the model; TypeError, KeyError or ValueError when the content is not one."""
        segments = tuple(Segment(**{**s, "centroid": _triple(s["centroid"])}) for s in content["segments"])
        if not segments:
            raise ValueError("no segments")
        money = content.get("money", GROSS)
        if money not in {NET, GROSS}:
            raise ValueError(f"unknown money: {money!r}")
        return cls(_triple(content["mean"]), _triple(content["scale"]), segments, money)


def _triple(values: list[float]) -> tuple[float, float, float]:
    recency, frequency, money = map(float, values)
    return recency, frequency, money
