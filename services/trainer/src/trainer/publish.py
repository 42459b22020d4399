"""From fitted models to the files of a bundle."""

from __future__ import annotations

import hashlib
import io
import platform
from importlib.metadata import version as library_version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import joblib
import numpy as np
import pandas as pd

from retention.clock import rfc3339
from retention.features import pipelines
from retention.registry.bundle import to_bytes
from trainer.segments.fit import RFM

if TYPE_CHECKING:
    from datetime import datetime

    from trainer.churn.fit import Fitted
    from trainer.segments.fit import FittedSegments

LIBRARIES: Final = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "pymongo")
GOLDEN: Final = 20


class Models(NamedTuple):
    """Everything one training run has fitted, and the customers it is about: those as of the clock."""

    churn: Fitted
    segments: FittedSegments
    customers: pd.DataFrame
    clock: datetime


def bundle_files(models: Models) -> dict[str, bytes]:
    """Return the files by name: the numbers the API reads, and the scikit-learn pipelines for analysts."""
    formulas = {"by_id": models.churn.by_id.to_json(), "feature_only": models.churn.feature_only.to_json()}
    return {
        "churn.json": to_bytes(formulas),
        "segments.json": to_bytes(models.segments.model.to_json()),
        "reference.json": to_bytes(_reference(models)),
        "churn.joblib": _pickled(models.churn.pipeline),
        "segments.joblib": _pickled(models.segments.pipeline),
    }


def golden_predictions(models: Models) -> list[dict[str, Any]]:
    """Return what the models say of 20 customers: whoever loads them must agree.

    Nobody in particular: the first has the 2nd percentile of everything, the last the 98th. A bundle outlives whoever
    asks to be forgotten.
    """
    shares = np.linspace(2, 98, GOLDEN)
    figures = np.percentile(models.customers[list(pipelines.FEATURES)], shares, axis=0, method="lower")
    rows = pd.DataFrame(figures, columns=pipelines.FEATURES).assign(month=models.clock.month)
    return [
        {
            "features": features,
            "churn_probability": models.churn.by_id.probability(features),
            "cluster": models.segments.model.segment(*(features[name] for name in RFM)).cluster,
        }
        for features in _records(rows)
    ]


def _records(rows: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.astype(float).to_numpy().tolist()]


def installed_versions() -> dict[str, str]:
    """Return the versions that made the joblib files: load them with the same ones."""
    return {"python": platform.python_version(), **{name: library_version(name) for name in LIBRARIES}}


def code_fingerprint() -> str:
    """Return a hash of the trainer's and the library's sources: other code may make another model of the same data."""
    digest = hashlib.sha256()
    for package in ("retention", "trainer"):
        folder = Path(str(files(package)))
        for source in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".yaml"}):
            digest.update(source.relative_to(folder).as_posix().encode() + source.read_bytes())
    return digest.hexdigest()


def _reference(models: Models) -> dict[str, Any]:
    percentiles = np.percentile(models.customers[list(pipelines.FEATURES)], range(101), axis=0, method="lower")
    return {
        "as_of": rfc3339(models.clock),
        "customers": len(models.customers),
        "percentiles": dict(zip(pipelines.FEATURES, percentiles.T.tolist(), strict=True)),
    }


def _pickled(artefact: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(artefact, buffer)
    return buffer.getvalue()
