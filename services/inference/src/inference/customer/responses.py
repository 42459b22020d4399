"""Responses about many customers, and the customer profile."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from inference.prediction.responses import CustomerAnswer, CustomerId, EvidenceField, SegmentName
from inference.responses import Probability  # noqa: TC001 - pydantic reads the annotations

OrderCount = Annotated[int, Field(description="Number of orders.")]
OrdersValue = Annotated[float, Field(description="Value of all orders before returns, in the shop's currency.")]
KeptReference = Annotated[
    str | None,
    Field(
        description="The ID or e-mail address as the shop knows it, for keys with the scope contacts; null when "
        "customer_id is the shop's own number. Left out when no customer has one, or with KEEP_REFERENCES=no."
    ),
]
NetValue = Annotated[
    float | None,
    Field(
        description="Value of all orders minus returns, in the shop's currency: what the customer is worth. Null until "
        "the customer is scored by this release, within seconds of a deploy."
    ),
]
DaysSinceOrder = Annotated[int, Field(description="Whole days from the last order to as_of.")]


class RankedCustomer(TypedDict):
    """One customer of the list, as scored."""

    customer_id: CustomerId
    customer_ref: NotRequired[KeptReference]
    churn_probability: Annotated[Probability, Field(description="Probability of no order before due. Not rounded.")]
    churn_prediction: Annotated[Literal[0, 1], Field(description="1 when churn_probability ≥ the model's threshold.")]
    evidence: EvidenceField
    cluster: Annotated[int, Field(description="The cluster number in this model version; rely on the name.")]
    segment: SegmentName
    Frequency: OrderCount
    Monetary: OrdersValue
    AvgOrderValue: Annotated[float, Field(description="Monetary / Frequency.")]
    Recency: DaysSinceOrder
    Tenure: Annotated[int, Field(description="Whole days from the first order to as_of.")]
    net_monetary: NetValue
    as_of: Annotated[str, Field(description="The instant of features and score; nothing at or after it was used.")]
    due: Annotated[str, Field(description="The end of the horizon, when the prediction can be checked.")]
    model_version: Annotated[str, Field(description="The model that scored this customer.")]


class FoundCustomer(TypedDict):
    """The customer that a reference stands for."""

    customer_id: CustomerId


class CustomerList(TypedDict):
    """One page of the list."""

    items: Annotated[list[RankedCustomer], Field(description="The customers, in the order of sort.")]
    next_cursor: Annotated[str | None, Field(description="The cursor of the next page; null on the last page.")]


class SegmentSummary(TypedDict):
    """One segment, over all scored customers."""

    segment: SegmentName
    cluster: Annotated[int, Field(description="The cluster number in this model version; rely on the name.")]
    customers: Annotated[int, Field(description="Number of customers.")]
    share: Annotated[Probability, Field(description="Share of all customers.")]
    recency: Annotated[float, Field(description="Mean of the days since the last order.")]
    frequency: Annotated[float, Field(description="Mean number of orders per customer.")]
    monetary: Annotated[
        float, Field(description="Mean value of a customer's orders minus returns, in the shop's currency.")
    ]
    revenue_share: Annotated[Probability, Field(description="Share of the value of all orders minus returns.")]
    churn_probability: Annotated[Probability, Field(description="Mean churn probability.")]
    flagged: Annotated[int, Field(description="Customers whose churn_prediction is 1.")]
    action: Annotated[
        str | None,
        Field(description="Recommended action; null while the scores are by another model than the live one."),
    ]
    model_version: Annotated[str, Field(description="The model that scored.")]


class MonthOfOrders(TypedDict):
    """One calendar month, UTC."""

    month: Annotated[str, Field(description="Such as 2011-12.")]
    orders: Annotated[int, Field(description="Number of orders.")]
    value: Annotated[float, Field(description="Value of the orders, before returns.")]


class RecentOrder(TypedDict):
    """An order, or the returns of one invoice and day."""

    invoice: Annotated[str, Field(description="Invoice number.")]
    day: Annotated[str, Field(description="Such as 2011-12-07, UTC.")]
    kind: Annotated[Literal["order", "return"], Field(description="Whether goods were bought or returned.")]
    value: Annotated[float, Field(description="Always positive, also for a return.")]
    units: Annotated[int, Field(description="Number of units.")]
    lines: Annotated[int, Field(description="Number of invoice lines.")]


class Orders(TypedDict):
    """The customer's orders and returns before meta.as_of."""

    first_order_at: Annotated[str, Field(description="When the first order was placed.")]
    last_order_at: Annotated[str, Field(description="When the last order was placed.")]
    orders: Annotated[int, Field(description="Number of orders.")]
    returns: Annotated[int, Field(description="Number of returns.")]
    monetary: Annotated[float, Field(description="Value of all orders, before returns.")]
    returned: Annotated[float, Field(description="Value of all returns, as a positive amount.")]
    net_monetary: Annotated[float, Field(description="monetary minus returned: what the customer is worth.")]
    by_month: Annotated[
        list[MonthOfOrders], Field(description="The last 12 months, oldest first, including empty ones.")
    ]
    recent: Annotated[list[RecentOrder], Field(description="At most 10, latest first.")]


class SimilarCustomer(TypedDict):
    """A customer of the same segment with similar risk, recency, frequency and value."""

    customer_id: CustomerId
    segment: SegmentName
    churn_probability: Annotated[Probability, Field(description="Probability of no order within the horizon.")]
    Frequency: OrderCount
    Monetary: OrdersValue
    net_monetary: NetValue
    Recency: DaysSinceOrder


class Profile(CustomerAnswer):
    """The prediction by ID, with orders and similar customers."""

    customer_ref: NotRequired[KeptReference]  # type: ignore[misc]  # here it may be null
    orders: Annotated[Orders, Field(description="The customer's orders and returns.")]
    similar: Annotated[
        list[SimilarCustomer],
        Field(
            description="At most 5, most similar first. Empty for a past day, and until all customers are scored by "
            "meta.model_version."
        ),
    ]
