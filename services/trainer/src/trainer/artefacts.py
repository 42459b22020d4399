"""The files of a bundle, and the golden predictions that every loader must reproduce."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import joblib
import numpy as np
import pandas as pd

from retention.clock import rfc3339
from retention.features import pipelines
from retention.registry.bundle import to_bytes
from retention.scoring.segments import GROSS, NET

if TYPE_CHECKING:
    from trainer.models import Models
    from trainer.training_data import TrainingData

GOLDEN: Final = 20


def bundle_files(models: Models, data: TrainingData) -> dict[str, bytes]:
    """Return the files by name: the numbers for the API, and the scikit-learn pipelines for analysts."""
    formulas = {"by_id": models.churn.by_id.to_json(), "feature_only": models.churn.feature_only.to_json()}
    return {
        "churn.json": to_bytes(formulas),
        "segments.json": to_bytes(models.segments.model.to_json()),
        "reference.json": to_bytes(_reference(data)),
        "churn.joblib": _pickled(models.churn.pipeline),
        "segments.joblib": _pickled(models.segments.pipeline),
    }


def golden_predictions(models: Models, data: TrainingData) -> list[dict[str, Any]]:
    """Return the predictions for 20 artificial customers, which every loader must reproduce.

    The first has the 2nd percentile of every feature, the last the 98th. No real customer is among them: a bundle
    outlives a request to be forgotten. None has returned anything: the release before this one names segments by
    the value of orders before returns, and must find the same cluster to read the bundle after a rollback.
    """
    percentiles = np.linspace(2, 98, GOLDEN)
    figures = np.percentile(data.customers[list(pipelines.FEATURES)], percentiles, axis=0, method="lower")
    rows = pd.DataFrame(figures, columns=pipelines.FEATURES).assign(month=data.windows.clock.month)
    rows[NET] = rows[GROSS]
    return [
        {
            "features": features,
            "churn_probability": models.churn.by_id.probability(features),
            "cluster": models.segments.model.of(features).cluster,
        }
        for features in _records(rows)
    ]


def _records(rows: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.astype(float).to_numpy().tolist()]


def _reference(data: TrainingData) -> dict[str, Any]:
    percentiles = np.percentile(data.customers[list(pipelines.FEATURES)], range(101), axis=0, method="lower")
    return {
        "as_of": rfc3339(data.windows.clock),
        "customers": len(data.customers),
        "percentiles": dict(zip(pipelines.FEATURES, percentiles.T.tolist(), strict=True)),
    }


def _pickled(artefact: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(artefact, buffer)
    return buffer.getvalue()
