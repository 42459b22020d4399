"""A question, the data and the model that is live, joined into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.predictions.answers import customer_answer, feature_answer
from retention.clock import rfc3339

if TYPE_CHECKING:
    from inference.predictions.questions import CustomerQuestion, FeatureQuestion
    from inference.predictions.schemas import CustomerAnswer, FeatureAnswer
    from inference.service import Service


async def about_customer(service: Service, question: CustomerQuestion, request_id: str) -> CustomerAnswer:
    """Return the answer about one customer, from the bundle that is live when it is asked."""
    bundle = service.live.bundle
    state = await service.customers.state()
    # Without an instant: the clock, or a later one that this customer is stored as of since lines were posted.
    as_of, or_later = (question.as_of, False) if question.as_of else (service.clock(state), True)
    features = await service.customers.features(question.customer_id, as_of, or_later=or_later)
    data_age_days = service.data_age_days(state)
    return customer_answer(
        bundle,
        question.customer_id,
        features,
        explain=question.explain,
        meta={
            "as_of": rfc3339(features["as_of"]),
            "model_version": bundle.version,
            "data_age_days": data_age_days,
            "stale": data_age_days > service.settings.stale_after_days,
            "currency": service.settings.currency,
            "request_id": request_id,
        },
    )


def about_features(service: Service, question: FeatureQuestion, request_id: str) -> FeatureAnswer:
    """Return the answer about figures; it needs no database."""
    bundle = service.live.bundle
    return feature_answer(
        bundle,
        question.given(),
        meta={
            "model_version": bundle.version,
            "currency": service.settings.currency,
            "request_id": request_id,
        },
    )
