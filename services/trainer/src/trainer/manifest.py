"""The manifest of a version: what it was trained on, what was chosen, how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention.clock import rfc3339
from trainer.artefacts import golden_predictions
from trainer.evaluation.grade import grade
from trainer.provenance import library_versions

if TYPE_CHECKING:
    from trainer.evaluation.challenger import Evaluation
    from trainer.gate import Verdict
    from trainer.models import Models
    from trainer.training_data import TrainingData


def model_manifest(data: TrainingData, models: Models, evaluation: Evaluation, verdict: Verdict) -> dict[str, Any]:
    """Return the entries about data, models and evaluation; a version refused by the gate has no grade."""
    windows, by_id = data.windows, models.churn.by_id
    return {
        "clock": rfc3339(windows.clock),
        "windows": windows.to_json(),
        "rows": {
            "training": len(data.training.churned),
            "test": len(data.test.churned),
            "customers": len(data.customers),
        },
        "readiness": data.readiness,
        "features": list(by_id.features),
        "choice": models.selection._asdict(),
        "threshold": {"value": by_id.threshold, "policy": models.churn.policy},
        **evaluation.figures,
        "gate": verdict.to_json(),
        "grade": _grade(data, evaluation) if verdict.passed else None,
        "library_versions": library_versions(),
        "golden_predictions": golden_predictions(models, data),
    }


def _grade(data: TrainingData, evaluation: Evaluation) -> dict[str, Any]:
    windows = data.windows
    return grade(
        evaluation.figures["metrics"],
        history_horizons=windows.history_horizons,
        history_days=windows.history_days,
    )
