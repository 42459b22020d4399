"""What is answered about a customer."""

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
    """Where the expected probability lies: from the formula's coefficients, or Wilson's for customers of one order."""

    level: Annotated[Probability, Field(description="How often such an interval covers it.")]
    low: Probability
    high: Probability


class Prediction(TypedDict):
    """Whether the customer leaves, and how sure that is."""

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
            description="How the interval stands to the threshold: across it (low), clear of it, or well clear; "
            "low, too, for a figure that is given and lies outside of all customers', or is looked up and far outside."
        ),
    ]
    evidence: Annotated[
        Evidence,
        Field(
            description="What is known of the customer: silent for longer than the horizon (lapsed), "
            "else 1 order, 2 (sparse), or more (repeat)."
        ),
    ]


class Segment(TypedDict):
    """The group of customers most like this one, and what to do about it."""

    cluster: Annotated[int, Field(description="The segment's number in this version; its name is what to rely on.")]
    segment: str
    action: str
    offer: str


class Contribution(TypedDict):
    """What one feature does to the log-odds, against the average customer of the training windows.

    Of a customer of one order it is one alone: what became of customers like this one, against all of one order.
    """

    feature: str
    value: int | float
    contribution: Annotated[float, Field(description="Above 0 raises the risk.")]
    text: str


class Counterfactual(TypedDict):
    """What would bring a customer who counts as leaving under the threshold: one order more."""

    order_value: Annotated[float, Field(description="At least so much, in meta.currency.")]
    within_days: Annotated[int, Field(description="Days from meta.as_of.")]
    churn_probability: Annotated[
        Probability, Field(description="At most so much, as of the day after the order, whatever is in it.")
    ]
    text: str


class Explanation(TypedDict):
    """The reasons: base_log_odds + Σ contribution is the log-odds of churn_probability."""

    base_log_odds: float
    contributions: Annotated[list[Contribution], Field(description="The largest in size first.")]
    counterfactual: Annotated[
        Counterfactual | None,
        Field(description="null when churn_prediction is 0, or when no single order of a plausible value is enough."),
    ]


class CustomerAnswer(TypedDict):
    """Whether this customer comes back."""

    customer_id: int
    features: Features
    prediction: Prediction
    segment: Segment
    explanation: Annotated[Explanation | None, Field(description="null when explain was false.")]
    meta: Meta


class CustomerProblem(TypedDict):
    """Who cannot be predicted, and why."""

    customer_id: int
    problem: Annotated[str, Field(description="The code that a question about this customer alone is answered with.")]


class CustomersAnswer(TypedDict):
    """Whether these customers come back."""

    results: Annotated[list[CustomerAnswer], Field(description="In the order in which they were asked about.")]
    errors: list[CustomerProblem]


class FeatureAnswer(Prediction):
    """Whether a customer with these figures comes back."""

    assumed: Annotated[list[str], Field(description="What was not given, and taken as usual for the rest.")]
    meta: FeatureMeta


class PlainPrediction(TypedDict):
    """Whether a customer with these figures comes back, in an older system's names."""

    probability: Annotated[Probability, Field(description="Probability of no order within the horizon. Not rounded.")]
    prediction: Annotated[Literal[0, 1], Field(description="1 when probability ≥ threshold.")]
    confidence: Confidence
    threshold: Probability


class PlainPredictions(TypedDict):
    """Whether customers with these figures come back."""

    predictions: Annotated[list[PlainPrediction], Field(description="In the order of the rows.")]
    count: int
