"""Responses about transaction lines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class RejectedLine(TypedDict):
    """An unreadable line, which was quarantined."""

    pointer: Annotated[str, Field(description="The line's place in the body, as a JSON pointer.")]
    field: Annotated[str, Field(description="The unreadable field, by its published name.")]
    reason: Annotated[str, Field(description="The field and what is wrong with it.")]


class RefreshedCustomers(TypedDict):
    """The number of customers whose features are now as of this instant."""

    as_of: Annotated[str, Field(description="The instant of the features.")]
    customers: Annotated[int, Field(description="Number of customers.")]


class OfOrders(TypedDict, total=False):
    """With replace_orders, what else became of the lines."""

    replaced: Annotated[int, Field(description="With replace_orders: lines of orders that replaced stored ones.")]
    replaced_orders: Annotated[int, Field(description="With replace_orders: orders that replaced stored ones.")]
    incomplete: Annotated[
        int,
        Field(
            description="With replace_orders: lines that changed nothing, because another line of their order is "
            "quarantined or a later request has replaced it."
        ),
    ]


class Ingested(OfOrders):
    """The outcome of each line: rows_in = inserted + duplicate + replaced + incomplete + Σ quarantined + erased."""

    rows_in: Annotated[int, Field(description="Lines in the request.")]
    inserted: Annotated[int, Field(description="Lines that are new and were stored.")]
    duplicate: Annotated[int, Field(description="Lines that were stored already.")]
    quarantined: Annotated[dict[str, int], Field(description="Unreadable lines, by reason.")]
    erased: Annotated[int, Field(description="Lines of erased customers, which are not stored.")]
    load_id: Annotated[str, Field(description="ID of the request's record; quarantined lines carry it.")]
    rejected: Annotated[list[RejectedLine], Field(description="The quarantined lines, in order.")]
    refreshed: Annotated[
        list[RefreshedCustomers],
        Field(
            description="Customers of the lines, by the instant of their features: the clock, or the day after "
            "their last line if that is later."
        ),
    ]
