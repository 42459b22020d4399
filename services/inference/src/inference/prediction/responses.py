"""Responses about one customer."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from inference.responses import FeatureMeta, Meta, Probability
from retention.scoring.churn import Confidence, Evidence

CustomerId = Annotated[int, Field(description="The customer's ID.")]
CustomerRef = Annotated[str, Field(description="The customer's reference, as the request gave it.")]
Threshold = Annotated[Probability, Field(description="Customers are flagged from this probability.")]
ConfidenceField = Annotated[
    Confidence,
    Field(
        description="low: the interval includes the threshold, or a figure is outside the range of all customers; "
        "medium: it is clear of the threshold; high: it is well clear."
    ),
]
EvidenceField = Annotated[
    Evidence,
    Field(
        description="What the answer is based on: no order within the horizon (lapsed), else 1 order, "
        "2 (sparse) or more (repeat)."
    ),
]
SegmentName = Annotated[str, Field(description="The segment's name.")]


class Features(TypedDict):
    """The customer's figures as of meta.as_of."""

    Frequency: Annotated[int, Field(description="Number of orders.")]
    Monetary: Annotated[float, Field(description="Value of all orders before returns, in meta.currency.")]
    AvgOrderValue: Annotated[float, Field(description="Monetary / Frequency.")]
    Recency: Annotated[int, Field(description="Whole days from the last order to as_of.")]
    Tenure: Annotated[int, Field(description="Whole days from the first order to as_of.")]


class Interval(TypedDict):
    """The interval of the expected probability: by the delta method, or Wilson's for single-order customers."""

    level: Annotated[Probability, Field(description="Coverage, e.g. 0.9.")]
    low: Annotated[Probability, Field(description="Low end.")]
    high: Annotated[Probability, Field(description="High end.")]


class Prediction(TypedDict):
    """The probability of leaving, and how certain it is."""

    churn_probability: Annotated[
        Probability, Field(description="Probability of no order within horizon_days of as_of. Not rounded.")
    ]
    churn_prediction: Annotated[Literal[0, 1], Field(description="1 when churn_probability ≥ threshold.")]
    threshold: Threshold
    horizon_days: Annotated[int, Field(description="Days that the prediction covers, from as_of on.")]
    interval: Annotated[Interval, Field(description="Interval of the probability.")]
    confidence: ConfidenceField
    evidence: EvidenceField


class Segment(TypedDict):
    """The customer's segment and the recommended action."""

    cluster: Annotated[int, Field(description="The cluster number in this model version; rely on the name.")]
    segment: SegmentName
    action: Annotated[str, Field(description="Recommended action.")]
    offer: Annotated[str, Field(description="Offer that goes with the action.")]


class Contribution(TypedDict):
    """The effect of one feature on the log-odds, relative to the average customer of the training windows.

    A single-order customer has one contribution: recency and products, relative to all single-order customers.
    """

    feature: Annotated[str, Field(description="Name of the feature.")]
    value: Annotated[int | float, Field(description="The customer's value of it.")]
    contribution: Annotated[float, Field(description="Change of the log-odds; positive values raise the risk.")]
    text: Annotated[str, Field(description="The reason in words.")]


class Counterfactual(TypedDict):
    """One more order that would bring a flagged customer below the threshold."""

    order_value: Annotated[float, Field(description="Least value of the order, in meta.currency.")]
    within_days: Annotated[int, Field(description="Days from meta.as_of.")]
    churn_probability: Annotated[
        Probability, Field(description="The highest probability on the day after the order, whatever it contains.")
    ]
    text: Annotated[str, Field(description="The same in words.")]


class Explanation(TypedDict):
    """The reasons: base_log_odds + Σ contribution equals the log-odds of churn_probability."""

    base_log_odds: Annotated[float, Field(description="Log-odds of the average customer.")]
    contributions: Annotated[list[Contribution], Field(description="Largest effect first.")]
    counterfactual: Annotated[
        Counterfactual | None,
        Field(description="null if churn_prediction is 0, or if no single order of a plausible value is enough."),
    ]


class CustomerAnswer(TypedDict):
    """The prediction for one customer."""

    customer_id: CustomerId
    customer_ref: NotRequired[CustomerRef]
    features: Annotated[Features, Field(description="The customer's figures.")]
    prediction: Annotated[Prediction, Field(description="Probability of leaving, its interval and its basis.")]
    segment: Annotated[Segment, Field(description="The customer's segment and what to do.")]
    explanation: Annotated[Explanation | None, Field(description="The reasons; null if explain was false.")]
    meta: Annotated[Meta, Field(description="Model, instant and freshness of the answer.")]


class CustomerProblem(TypedDict):
    """A customer who cannot be predicted, and why."""

    customer_id: CustomerId
    customer_ref: NotRequired[CustomerRef]
    problem: Annotated[str, Field(description="The problem code of a single request for this customer.")]


class CustomersAnswer(TypedDict):
    """The predictions for several customers."""

    results: Annotated[list[CustomerAnswer], Field(description="In the order of the request.")]
    errors: Annotated[
        list[CustomerProblem], Field(description="Customers without a prediction, in the order of the request.")
    ]


class FeatureAnswer(Prediction):
    """The prediction for a customer with these figures."""

    assumed: Annotated[list[str], Field(description="Figures that were left out and assumed from the others.")]
    meta: Annotated[FeatureMeta, Field(description="Model and currency of the answer.")]


class PlainPrediction(TypedDict):
    """The prediction for a customer with these figures, under legacy names."""

    probability: Annotated[Probability, Field(description="Probability of no order within the horizon. Not rounded.")]
    prediction: Annotated[Literal[0, 1], Field(description="1 when probability ≥ threshold.")]
    confidence: ConfidenceField
    threshold: Threshold


class PlainPredictions(TypedDict):
    """The predictions for several customers, under legacy names."""

    predictions: Annotated[list[PlainPrediction], Field(description="In the order of the rows.")]
    count: Annotated[int, Field(description="Number of predictions.")]
