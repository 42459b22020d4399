"""What is answered: the shapes of CONTRACTS, checked by the type checker here and shown in the documentation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from retention.churn import Confidence, Evidence  # noqa: TC001 - pydantic reads the annotations

Probability = Annotated[float, Field(ge=0, le=1)]


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


class Meta(TypedDict):
    """Where the answer comes from, and how fresh its data is."""

    as_of: Annotated[str, Field(description="The instant of the answer; nothing at or after it was looked at.")]
    model_version: str
    data_age_days: Annotated[
        int, Field(description="Days since the last load (since the clock, when it is the wall's).")
    ]
    stale: Annotated[bool, Field(description="Whether the data is older than it should be.")]
    currency: str
    request_id: str


class FeatureMeta(TypedDict):
    """Where the answer comes from."""

    model_version: str
    currency: str
    request_id: str


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


class RejectedLine(TypedDict):
    """A line that cannot be understood, and was put aside."""

    pointer: Annotated[str, Field(description="The line's place in the body, as a JSON pointer.")]
    field: Annotated[str, Field(description="The field that cannot be understood, by its published name.")]
    reason: Annotated[str, Field(description="The field, and what is wrong with it.")]


class RefreshedCustomers(TypedDict):
    """So many customers whose features are now as of this instant."""

    as_of: str
    customers: int


class Ingested(TypedDict):
    """What became of each line: rows_in = inserted + duplicate + Σ quarantined + erased."""

    rows_in: int
    inserted: int
    duplicate: Annotated[int, Field(description="Lines that were there already.")]
    quarantined: Annotated[dict[str, int], Field(description="Lines that cannot be understood, by reason.")]
    erased: Annotated[int, Field(description="Lines of customers who were erased and stay so.")]
    load_id: Annotated[str, Field(description="The id of the request's record, under which lines are put aside.")]
    rejected: Annotated[list[RejectedLine], Field(description="The quarantined lines, in order.")]
    refreshed: Annotated[
        list[RefreshedCustomers],
        Field(
            description="The customers of the lines, fresh as of the clock; or as of the day after their last line, "
            "where that is later."
        ),
    ]


class Welcome(TypedDict):
    """What this is."""

    message: str


class Alive(TypedDict):
    """The process answers."""

    status: Literal["alive"]


class Check(TypedDict):
    """One dependency: whether it is there, and how long the answer took."""

    ok: bool
    milliseconds: float


class Checks(TypedDict):
    """Every dependency."""

    mongo: Check
    model: Check


class Readiness(TypedDict):
    """Whether predictions can be answered now."""

    status: Literal["ready", "not_ready"]
    checks: Checks


class Health(Readiness):
    """Readiness, and what a monitor likes to see beside it."""

    api: Literal["running"]
    mongo: Literal["connected", "unavailable"]
    model: Literal["loaded", "absent"]
    model_version: str | None
    stale_reason: Annotated[str | None, Field(description="Why the champion is not the model that answers.")]
    documents: Annotated[int | None, Field(description="About how many transactions are stored; null when unknown.")]
    version: Annotated[str, Field(description="The code's git revision.")]


class ProblemError(TypedDict):
    """One thing to change in the request."""

    pointer: Annotated[str, Field(description="Where, as a JSON pointer.")]
    code: str
    detail: str


class Problem(TypedDict):
    """An error (RFC 9457). `code` is for programs, `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemError]
