"""The models of one training run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from threadpoolctl import threadpool_limits

from trainer.churn.fit import FittedChurn, fit_churn
from trainer.churn.model_selection import ModelSelection, select_model
from trainer.segments.fit import FittedSegments, fit_segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.churn.threshold import ThresholdPolicy
    from trainer.segments.descriptions import Description
    from trainer.training_data import TrainingData


class Models(NamedTuple):
    """The selected and fitted churn model, and the segments of the customers as of the clock."""

    selection: ModelSelection
    churn: FittedChurn
    segments: FittedSegments


def fit_models(data: TrainingData, descriptions: Sequence[Description], policy: ThresholdPolicy) -> Models:
    """Return the models; equal data give equal bytes."""
    training, horizon_days = data.training, data.windows.horizon_days
    with threadpool_limits(1):  # more threads add in another order: the last bits differ
        selection = select_model(training, horizon_days)
        churn = fit_churn(training, selection.features, selection.regularisation, policy, horizon_days)
        return Models(selection, churn, fit_segments(data.customers, descriptions))
