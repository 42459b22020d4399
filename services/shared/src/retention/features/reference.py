"""Percentiles of each feature over the customers at publication, to compare one customer with the others."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """Percentiles 0…100 (101 ascending values) of each feature over `customers` customers as of `as_of`."""

    as_of: str
    customers: int
    percentiles: dict[str, tuple[float, ...]]

    def share_below(self, feature: str, value: float) -> int:
        """Return the percentage of customers with a lower value, as a whole percentile, 0…100."""
        return min(bisect_left(self.percentiles[feature], value), 100)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Reference:
        """Return the reference; TypeError, KeyError or ValueError when the content is not one."""
        percentiles = {name: tuple(map(float, values)) for name, values in content["percentiles"].items()}
        if any(len(values) != 101 for values in percentiles.values()):  # noqa: PLR2004 - 0…100
            raise ValueError("percentiles must be 101 values")
        return cls(str(content["as_of"]), int(content["customers"]), percentiles)
