"""From one run to what its report shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retention.scoring.churn import Z
from trainer.churn.vectorised import contributions
from trainer.report import ReportData, WeightedTerm, single_order_bands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retention.scoring.formula import Formula
    from trainer.segments.segmentation import Segmentation
    from trainer.train import Data, Judged


def report_data(
    manifest: Mapping[str, Any],
    data: Data,
    judged: Judged,
    segments: Segmentation,
    cohorts: pd.DataFrame,
    currency: str,
) -> ReportData:
    """Return it; the formula is shown on those it was asked about: the test customers with several orders."""
    models, features = judged.models, data.test.features
    formula = models.churn.by_id.several_orders
    several = features[features["Frequency"] > 1]
    names = np.array(models.segments.names)[models.segments.clusters(models.customers)]
    return ReportData(
        manifest=manifest,
        churned=data.test.churned.to_numpy(),
        probability=judged.probability,
        features=features,
        rivals={name: rival.score for name, rival in judged.rivals.items()},
        terms=_weighted(formula),
        base_log_odds=formula.base_log_odds,
        season=models.churn.by_id.season,
        contributions=pd.DataFrame(contributions(formula, several), several.index, formula.features),
        single_order_bands=single_order_bands(models.churn.by_id.single_order),
        customers=models.customers.assign(segment=names),
        pca=segments.map.points,
        pca_explained=segments.map.explained_variance.tolist(),
        cluster_counts=segments.counts["rows"],
        clusterers=segments.clusterers,
        cohorts=cohorts,
        currency=currency,
    )


def _weighted(formula: Formula) -> list[WeightedTerm]:
    half_widths = (Z * math.sqrt(row[place]) for place, row in enumerate(formula.covariance))
    next(half_widths)  # of the base
    return [
        WeightedTerm(term.feature, term.mean, term.weight, term.weight - half_width, term.weight + half_width)
        for term, half_width in zip(formula.terms, half_widths, strict=True)
    ]
