"""The challenger on the test window: its probabilities, its baselines, and the figures for the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from trainer.churn.vectorised import churn_probability, feature_only_probability
from trainer.evaluation.baselines import Baseline, fit_baselines
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import require_probabilities

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.churn.threshold import ThresholdPolicy
    from trainer.models import Models
    from trainer.training_data import TrainingData


class Evaluation(NamedTuple):
    """The model's probability for each test customer, the baselines, and all figures of the manifest."""

    probability: Floats
    baselines: dict[str, Baseline]  # the second formula is one, as `feature_only`
    figures: dict[str, Any]


def evaluate_challenger(models: Models, data: TrainingData, policy: ThresholdPolicy) -> Evaluation:
    """Return the evaluation; GateRefusedError when a probability is not in [0, 1]."""
    churn, test = models.churn, data.test
    probability = churn_probability(churn.by_id, test.features)
    feature_only = feature_only_probability(churn.feature_only, test.features)
    for values in (probability, feature_only):
        require_probabilities(values)
    baselines = fit_baselines(data.training, test) | {"feature_only": Baseline(feature_only)}
    figures = evaluate(
        test,
        probability,
        threshold=churn.by_id.threshold,
        policy=policy,
        baselines=baselines,
        horizon_days=data.windows.horizon_days,
    )
    return Evaluation(probability, baselines, figures)
