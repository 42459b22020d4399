"""Segments: the nearest centroid in log RFM space, named after what the centroid is. Pure arithmetic."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Segment(NamedTuple):
    """One cluster: its name, its centroid, and the recommended action and offer."""

    cluster: int
    segment: str
    action: str
    offer: str
    centroid: tuple[float, float, float]  # standardised log1p recency, frequency, monetary


class SegmentModel(NamedTuple):
    """log1p → standardise → nearest centroid, over recency (days), frequency (orders) and monetary."""

    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    segments: tuple[Segment, ...]

    def segment(self, recency: float, frequency: float, monetary: float) -> Segment:
        """Return the segment whose centroid is nearest; the first of equals."""
        logs = (math.log1p(recency), math.log1p(frequency), math.log1p(monetary))
        point = [(log - mean) / scale for log, mean, scale in zip(logs, self.mean, self.scale, strict=True)]
        return min(self.segments, key=lambda segment: math.dist(point, segment.centroid))

    def to_json(self) -> dict[str, Any]:
        """Return the model as written to `segments.json`."""
        return {"mean": self.mean, "scale": self.scale, "segments": [s._asdict() for s in self.segments]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SegmentModel:
        """Return the model; TypeError, KeyError or ValueError when the content is not one."""
        segments = tuple(Segment(**{**s, "centroid": _triple(s["centroid"])}) for s in content["segments"])
        if not segments:
            raise ValueError("no segments")
        return cls(_triple(content["mean"]), _triple(content["scale"]), segments)


def _triple(values: list[float]) -> tuple[float, float, float]:
    recency, frequency, monetary = map(float, values)
    return recency, frequency, monetary
