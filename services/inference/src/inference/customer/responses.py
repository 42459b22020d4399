"""Responses about many customers, and the customer profile."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from inference.prediction.responses import CustomerAnswer
from inference.responses import Probability  # noqa: TC001 - pydantic reads the annotations
from retention.scoring.churn import Evidence  # noqa: TC001 - pydantic reads the annotations


class RankedCustomer(TypedDict):
    """One customer of the list, as scored."""

    customer_id: int
    churn_probability: Probability
    churn_prediction: Literal[0, 1]
    evidence: Evidence
    cluster: int
    segment: str
    Frequency: int
    Monetary: float
    AvgOrderValue: float
    Recency: int
    Tenure: int
    as_of: str
    due: Annotated[str, Field(description="The end of the horizon, when the prediction can be checked.")]
    model_version: Annotated[str, Field(description="The model that scored this customer.")]


class CustomerList(TypedDict):
    """One page of the list."""

    items: list[RankedCustomer]
    next_cursor: Annotated[str | None, Field(description="The cursor of the next page; null on the last page.")]


class SegmentSummary(TypedDict):
    """One segment, over all scored customers."""

    segment: str
    cluster: int
    customers: int
    share: Annotated[Probability, Field(description="Share of all customers.")]
    recency: Annotated[float, Field(description="Mean whole days since the last order.")]
    frequency: Annotated[float, Field(description="Mean number of orders.")]
    monetary: Annotated[float, Field(description="Mean value of all orders.")]
    revenue_share: Annotated[Probability, Field(description="Share of the value of all orders.")]
    churn_probability: Annotated[Probability, Field(description="Mean churn probability.")]
    flagged: Annotated[int, Field(description="Customers whose churn_prediction is 1.")]
    action: Annotated[
        str | None,
        Field(description="Recommended action; null while the live model is not the one that scored."),
    ]
    model_version: Annotated[str, Field(description="The model that scored.")]


class MonthOfOrders(TypedDict):
    """One calendar month, UTC."""

    month: Annotated[str, Field(description="Such as 2011-12.")]
    orders: int
    value: Annotated[float, Field(description="Value of the orders, before returns.")]


class RecentOrder(TypedDict):
    """An order, or the returns of one invoice and day."""

    invoice: str
    day: Annotated[str, Field(description="Such as 2011-12-07, UTC.")]
    kind: Literal["order", "return"]
    value: Annotated[float, Field(description="Always positive, also for a return.")]
    units: int
    lines: int


class Orders(TypedDict):
    """The customer's orders and returns before meta.as_of."""

    first_order_at: str
    last_order_at: str
    orders: int
    returns: int
    monetary: float
    returned: float
    by_month: Annotated[
        list[MonthOfOrders], Field(description="The last 12 months, oldest first, including empty ones.")
    ]
    recent: Annotated[list[RecentOrder], Field(description="At most 10, latest first.")]


class SimilarCustomer(TypedDict):
    """A customer of the same segment with similar risk, recency, frequency and value."""

    customer_id: int
    segment: str
    churn_probability: Probability
    Frequency: int
    Monetary: float
    Recency: int


class Profile(CustomerAnswer):
    """The prediction by ID, with orders and similar customers."""

    orders: Orders
    similar: Annotated[
        list[SimilarCustomer],
        Field(
            description="At most 5, most similar first. Empty for a past day, and before all customers are scored by "
            "meta.model_version."
        ),
    ]
