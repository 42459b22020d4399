"""What is answered about lines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


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
