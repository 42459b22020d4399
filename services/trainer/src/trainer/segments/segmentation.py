"""Everything there is to say about the segments of one run: for the manifest, and for the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from trainer.segments.cluster_counts import cluster_counts
from trainer.segments.clusterers import compare
from trainer.segments.fit import naming_warnings
from trainer.segments.pca_map import SegmentMap, pca_coordinates
from trainer.segments.stability import stability
from trainer.segments.summary import summary

if TYPE_CHECKING:
    from trainer.publish import Models
    from trainer.windows import Examples

REFITS: Final = 10  # 0.958 of the names stay on Online Retail; 50 refits say 0.960 and take five times as long


class Segmentation(NamedTuple):
    """Who is in the segments, how many there could be, what others would find, and how sure the names are."""

    summary: list[dict[str, Any]]
    counts: dict[str, Any]
    clusterers: list[dict[str, Any]]
    stability: dict[str, Any]
    warnings: list[str]
    map: SegmentMap

    def to_json(self) -> dict[str, Any]:
        """Return what belongs in the manifest."""
        return self._asdict() | {"map": self.map.to_json()}


def segmentation(models: Models, test: Examples) -> Segmentation:
    """Return it for the customers as of the clock; what became of the segments is told of the test window."""
    customers, fitted = models.customers, models.segments
    return Segmentation(
        summary(customers, fitted, (test.features, test.churned)),
        cluster_counts(customers),
        compare(customers, len(fitted.descriptions)),
        stability(customers, fitted, refits=REFITS),
        naming_warnings(fitted),
        pca_coordinates(customers, fitted),
    )
