"""Responses about one customer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from inference.responses import FeatureMeta, Meta, Probability  # noqa: TC001 - pydantic reads the annotations
from retention.scoring.churn import Confidence, Evidence  # noqa: TC001 - pydantic reads the annotations


class Features(TypedDict):
    """The customer's figures as of meta.as_of."""

    Frequency: Annotated[int, Field(description="Number of orders.")]
    Monetary: Annotated[float, Field(description="Value of all orders, in meta.currency.")]
    AvgOrderValue: Annotated[float, Field(description="Monetary / Frequency.")]
    Recency: Annotated[int, Field(description="Whole days from the last order to as_of.")]
    Tenure: Annotated[int, Field(description="Whole days from the first order to as_of.")]


class Interval(TypedDict):
    """The interval of the expected probability: by the delta method, or Wilson's for single-order customers."""

    level: Annotated[Probability, Field(description="Coverage, e.g. 0.9.")]
    low: Probability
    high: Probability


class Prediction(TypedDict):
    """The probability of leaving, and how certain it is."""

    churn_probability: Annotated[
        Probability, Field(description="Probability of no order within horizon_days of as_of. Not rounded.")
    ]
    churn_prediction: Annotated[Literal[0, 1], Field(description="1 when churn_probability ≥ threshold.")]
    threshold: Probability
    horizon_days: int
    interval: Interval
    confidence: Annotated[
        Confidence,
        Field(
            description="low: the interval includes the threshold, or a figure is outside the range of all customers; "
            "medium: it is clear of the threshold; high: it is well clear."
        ),
    ]
    evidence: Annotated[
        Evidence,
        Field(
            description="What the answer is based on: no order within the horizon (lapsed), else 1 order, "
            "2 (sparse) or more (repeat)."
        ),
    ]


class Segment(TypedDict):
    """The customer's segment and the recommended action."""

    cluster: Annotated[int, Field(description="The cluster number in this model version; rely on the name.")]
    segment: str
    action: str
    offer: str


class Contribution(TypedDict):
    """The effect of one feature on the log-odds, relative to the average customer of the training windows.

    A single-order customer has one contribution: similar single-order customers, relative to all of them.
    """

    feature: str
    value: int | float
    contribution: Annotated[float, Field(description="Change of the log-odds; positive values raise the risk.")]
    text: str


class Counterfactual(TypedDict):
    """One more order that would bring a flagged customer below the threshold."""

    order_value: Annotated[float, Field(description="Least value of the order, in meta.currency.")]
    within_days: Annotated[int, Field(description="Days from meta.as_of.")]
    churn_probability: Annotated[
        Probability, Field(description="The highest probability on the day after the order, whatever it contains.")
    ]
    text: str


class Explanation(TypedDict):
    """The reasons: base_log_odds + Σ contribution equals the log-odds of churn_probability."""

    base_log_odds: float
    contributions: Annotated[list[Contribution], Field(description="Largest effect first.")]
    counterfactual: Annotated[
        Counterfactual | None,
        Field(description="null if churn_prediction is 0, or if no single order of a plausible value is enough."),
    ]


class CustomerAnswer(TypedDict):
    """The prediction for one customer."""

    customer_id: int
    features: Features
    prediction: Prediction
    segment: Segment
    explanation: Annotated[Explanation | None, Field(description="null if explain was false.")]
    meta: Meta


class CustomerProblem(TypedDict):
    """A customer who cannot be predicted, and why."""

    customer_id: int
    problem: Annotated[str, Field(description="The problem code of a single request for this customer.")]


class CustomersAnswer(TypedDict):
    """The predictions for several customers."""

    results: Annotated[list[CustomerAnswer], Field(description="In the order of the request.")]
    errors: list[CustomerProblem]


class FeatureAnswer(Prediction):
    """The prediction for a customer with these figures."""

    assumed: Annotated[list[str], Field(description="Figures that were left out and assumed from the others.")]
    meta: FeatureMeta


class PlainPrediction(TypedDict):
    """The prediction for a customer with these figures, under legacy names."""

    probability: Annotated[Probability, Field(description="Probability of no order within the horizon. Not rounded.")]
    prediction: Annotated[Literal[0, 1], Field(description="1 when probability ≥ threshold.")]
    confidence: Confidence
    threshold: Probability


class PlainPredictions(TypedDict):
    """The predictions for several customers, under legacy names."""

    predictions: Annotated[list[PlainPrediction], Field(description="In the order of the rows.")]
    count: int
