"""What is answered about many customers, and about one at length."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from inference.prediction.responses import CustomerAnswer
from inference.responses import Probability  # noqa: TC001 - pydantic reads the annotations
from retention.scoring.churn import Evidence  # noqa: TC001 - pydantic reads the annotations


class RankedCustomer(TypedDict):
    """One customer of the list, as it was scored."""

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
    due: Annotated[str, Field(description="When the horizon ends, and the prediction can be judged.")]
    model_version: Annotated[str, Field(description="The model that scored: another one when it moved between pages.")]


class CustomerList(TypedDict):
    """One page of the list."""

    items: list[RankedCustomer]
    next_cursor: Annotated[
        str | None, Field(description="Give it as cursor for the next page; null: this is the last.")
    ]


class SegmentSummary(TypedDict):
    """One segment, counted over everybody who was scored."""

    segment: str
    cluster: int
    customers: int
    share: Annotated[Probability, Field(description="Of all customers.")]
    recency: Annotated[float, Field(description="Mean whole days since the last order.")]
    frequency: Annotated[float, Field(description="Mean number of orders.")]
    monetary: Annotated[float, Field(description="Mean value of all orders.")]
    revenue_share: Annotated[Probability, Field(description="Of the value of everybody's orders.")]
    churn_probability: Annotated[Probability, Field(description="The mean.")]
    flagged: Annotated[int, Field(description="Customers whose churn_prediction is 1.")]
    action: Annotated[
        str | None,
        Field(description="What to do about them; null while another model answers than the one that scored."),
    ]
    model_version: Annotated[str, Field(description="The model that scored.")]


class MonthOfOrders(TypedDict):
    """One calendar month, UTC."""

    month: Annotated[str, Field(description="Such as 2011-12.")]
    orders: int
    value: Annotated[float, Field(description="Of the orders; returns are not taken off.")]


class RecentOrder(TypedDict):
    """An order, or what was returned on one invoice and day."""

    invoice: str
    day: Annotated[str, Field(description="Such as 2011-12-07, UTC.")]
    kind: Literal["order", "return"]
    value: Annotated[float, Field(description="Of a return, too, above 0.")]
    units: int
    lines: int


class Orders(TypedDict):
    """What the customer ordered and returned before meta.as_of."""

    first_order_at: str
    last_order_at: str
    orders: int
    returns: int
    monetary: float
    returned: float
    by_month: Annotated[
        list[MonthOfOrders], Field(description="The last 12 months, oldest first, also the empty ones.")
    ]
    recent: Annotated[list[RecentOrder], Field(description="At most 10, the latest first.")]


class SimilarCustomer(TypedDict):
    """A customer of the same segment and about the same risk, whose recency, orders and money are much the same."""

    customer_id: int
    segment: str
    churn_probability: Probability
    Frequency: int
    Monetary: float
    Recency: int


class Profile(CustomerAnswer):
    """Everything about one customer: the by-id answer, and beside it orders and similar customers."""

    orders: Orders
    similar: Annotated[
        list[SimilarCustomer],
        Field(
            description="At most 5, the nearest first. Nobody whose score knows of later days than meta.as_of: "
            "empty where as_of is asked for, and before everybody is scored by meta.model_version."
        ),
    ]
