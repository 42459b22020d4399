"""The report of one training run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retention.scoring.churn import Z
from trainer.churn.vectorised import contributions
from trainer.report.bands import single_order_bands
from trainer.report.data import ReportData, WeightedTerm
from trainer.report.write import write_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retention.scoring.formula import Formula
    from trainer.evaluation.challenger import Evaluation
    from trainer.models import Models
    from trainer.segments.analysis import SegmentAnalysis
    from trainer.training_data import TrainingData


def report_files(
    manifest: Mapping[str, Any],
    data: TrainingData,
    models: Models,
    evaluation: Evaluation,
    segments: SegmentAnalysis,
    cohorts: pd.DataFrame,
    currency: str,
) -> dict[str, bytes]:
    """Return the report's files by name; contributions are those of test customers with several orders."""
    by_id, features, customers = models.churn.by_id, data.test.features, data.customers
    formula = by_id.several_orders
    several = features[features["Frequency"] > 1]
    names = np.array(models.segments.names)[models.segments.clusters(customers)]
    return write_report(
        ReportData(
            manifest=manifest,
            churned=data.test.churned.to_numpy(),
            probability=evaluation.probability,
            features=features,
            baselines={name: baseline.score for name, baseline in evaluation.baselines.items()},
            terms=_weighted_terms(formula),
            base_log_odds=formula.base_log_odds,
            season=by_id.season,
            contributions=pd.DataFrame(contributions(formula, several), several.index, formula.features),
            single_order_bands=single_order_bands(by_id.single_order),
            customers=customers.assign(segment=names),
            pca=segments.map.points,
            pca_explained=segments.map.explained_variance.tolist(),
            cluster_counts=segments.counts["rows"],
            clusterers=segments.clusterers,
            cohorts=cohorts,
            currency=currency,
        )
    )


def _weighted_terms(formula: Formula) -> list[WeightedTerm]:
    half_widths = (Z * math.sqrt(row[place]) for place, row in enumerate(formula.covariance))
    next(half_widths)  # of the base
    return [
        WeightedTerm(term.feature, term.mean, term.weight, term.weight - half_width, term.weight + half_width)
        for term, half_width in zip(formula.terms, half_widths, strict=True)
    ]
