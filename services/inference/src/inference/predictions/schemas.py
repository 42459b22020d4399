"""What is answered about a customer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from inference.schemas import FeatureMeta, Meta, Probability  # noqa: TC001 - pydantic reads the annotations
from retention.churn import Confidence, Evidence  # noqa: TC001 - pydantic reads the annotations


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
            "low, too, for a figure that is given and lies outside of all customers'."
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


class Explanation(TypedDict):
    """The reasons: base_log_odds + Σ contribution is the log-odds of churn_probability."""

    base_log_odds: float
    contributions: Annotated[list[Contribution], Field(description="The largest in size first.")]


class CustomerAnswer(TypedDict):
    """Whether this customer comes back."""

    customer_id: int
    features: Features
    prediction: Prediction
    segment: Segment
    explanation: Annotated[Explanation | None, Field(description="null when explain was false.")]
    meta: Meta


class FeatureAnswer(Prediction):
    """Whether a customer with these figures comes back."""

    assumed: Annotated[list[str], Field(description="What was not given, and taken as usual for the rest.")]
    meta: FeatureMeta
