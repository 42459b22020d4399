"""Predictions: a question, the data and the live model, joined into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inference.metrics import UNSTATED
from inference.prediction.scoring import customer_answer, feature_answer, plain_prediction, segment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from inference.metrics import Metrics
    from inference.model.live_bundle import LiveBundle
    from inference.prediction.meta import DataClock
    from inference.prediction.references import References
    from inference.prediction.repository import Customers, DataState
    from inference.prediction.requests import CustomerQuestion, FeatureQuestion, SegmentQuestion
    from inference.prediction.responses import CustomerAnswer, FeatureAnswer, PlainPrediction, Segment
    from retention.registry.bundle import Bundle


class PredictionService(NamedTuple):
    """Answers about single customers. Each answer comes from one bundle: the live one when the request arrived."""

    customers: Customers
    live: LiveBundle
    clock: DataClock
    metrics: Metrics
    references: References

    async def identified(self, question: CustomerQuestion) -> CustomerQuestion:
        """Return the question with the customer's ID, which a reference stands for."""
        if not question.customer_ref:
            return question
        state = await self.customers.state()
        customer_id = self.references.number(question.customer_ref, state.shop, "customer_ref")
        return question.model_copy(update={"customer_id": customer_id})

    async def by_id(self, question: CustomerQuestion, request_id: str) -> CustomerAnswer:
        """Return the answer about one customer."""
        bundle = self.live.bundle
        state = await self.customers.state()
        as_of, or_later = self.clock.as_of(state, question.as_of)
        features = await self.customers.features(question.customer_id, as_of, or_later=or_later)
        return self.answer(bundle, state, question.customer_id, features, request_id, explain=question.explain)

    def answer(
        self,
        bundle: Bundle,
        state: DataState,
        customer_id: int,
        features: Mapping[str, Any],
        request_id: str,
        *,
        explain: bool,
    ) -> CustomerAnswer:
        """Return the answer from features that were looked up, and count it."""
        as_of: datetime = features["as_of"]
        meta = self.clock.meta(bundle, state, as_of, request_id)
        answer = customer_answer(bundle, customer_id, features, explain=explain, meta=meta)
        prediction = answer["prediction"]
        self.metrics.predicted(bundle.version, prediction["evidence"], prediction["churn_probability"])
        return answer

    def by_figures(self, question: FeatureQuestion, request_id: str) -> FeatureAnswer:
        """Return the answer about figures; needs no database."""
        bundle = self.live.bundle
        self.clock.labels.refresh_soon(self.customers.state)
        answer = feature_answer(bundle, question.given(), meta=self.clock.feature_meta(bundle, request_id))
        self.metrics.predicted(bundle.version, answer["evidence"], answer["churn_probability"])
        return answer

    def plain(self, bundle: Bundle, question: FeatureQuestion) -> PlainPrediction:
        """Return the answer about figures under the legacy names."""
        answer = plain_prediction(bundle, question.given())
        self.metrics.predicted(bundle.version, UNSTATED, answer["probability"])
        return answer

    def segment(self, question: SegmentQuestion) -> Segment:
        """Return the segment of a customer with these figures; needs no database."""
        segments = self.live.bundle.segments
        return segment(segments.segment(question.recency, question.frequency, question.monetary))
