"""Query parameters of customer lists and profiles, parsed strictly from text."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

from inference.customer.cursor import CURSOR_LENGTH
from inference.prediction.requests import CustomerQuestion
from retention.lines.rules import MAX_CUSTOMER_ID

Sort = Literal["-churn_probability", "churn_probability", "customer_id"]

MAX_PAGE: Final = 1_000
MAX_SEGMENT_NAME: Final = 200

_WHOLE: Final = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_DECIMAL: Final = re.compile(r"\d{1,3}(\.\d{1,30})?([eE]-?\d{1,2})?", re.ASCII)


def _whole(text: object) -> object:
    if not isinstance(text, str):
        return text  # the default
    if not _WHOLE.fullmatch(text):
        raise PydanticCustomError("whole_number", "Enter a whole number: digits only, no leading zeros")
    return int(text)


def _decimal(text: object) -> object:
    if not isinstance(text, str):
        return text
    if not _DECIMAL.fullmatch(text):
        raise PydanticCustomError("decimal_number", "Enter a decimal number, e.g. 0.5")
    return float(text)


CustomerId = Annotated[
    int, Field(ge=1, le=MAX_CUSTOMER_ID, description="The customer's ID.", examples=[12347]), BeforeValidator(_whole)
]


class ListQuestion(BaseModel):
    """Filters, order and page of a customer list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_SEGMENT_NAME,
            description="Only this segment, by name. An unknown name gives an empty list.",
            examples=["Loyal High-Value"],
        ),
    ] = None
    min_churn: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None,
        BeforeValidator(_decimal),
        Field(description="Only customers with at least this churn_probability.", examples=[0.5]),
    ] = None
    sort: Annotated[
        Sort,
        Field(
            description="The order; a minus puts the highest first. Ties are in the order of IDs. "
            "customer_id lists all customers and takes neither segment nor min_churn."
        ),
    ] = "-churn_probability"
    limit: Annotated[
        int, Field(ge=1, le=MAX_PAGE, description="Customers per page.", examples=[5]), BeforeValidator(_whole)
    ] = 50
    cursor: Annotated[
        str | None,
        Field(
            min_length=CURSOR_LENGTH,
            max_length=CURSOR_LENGTH,
            description="next_cursor of the previous page, with the same segment, min_churn and sort.",
        ),
    ] = None

    @model_validator(mode="after")
    def _is_served_by_an_index(self) -> Self:
        # No index serves this: in the order of ids the next match may be 1,000,000 customers away.
        if self.sort == "customer_id" and not (self.segment is None and self.min_churn is None):
            raise PydanticCustomError(
                "sort_of_everybody", "sort=customer_id takes no filters: leave out segment and min_churn"
            )
        return self

    @property
    def scope(self) -> tuple[object, ...]:
        """What a cursor is valid for: one order of one set of customers."""
        return self.sort, self.segment, None if self.min_churn is None else float(self.min_churn)

    def address(self, cursor: str) -> str:
        """Return the query string of the page that starts at `cursor`."""
        return urlencode({**self.model_dump(exclude_none=True), "cursor": cursor})


class ProfileQuestion(BaseModel):
    """Query parameters of a profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: Annotated[
        str | None,
        Field(
            description=CustomerQuestion.model_fields["as_of"].description,
            json_schema_extra={"format": "date-time"},
            examples=["2011-11-10T00:00:00Z"],
        ),
    ] = None


async def each_once(request: Request) -> None:  # async: FastAPI runs sync dependencies in a thread
    """Refuse a repeated parameter: one of its values would be ignored."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        raise wrong_parameter("repeated_parameter", "A parameter is given more than once")


def wrong_parameter(code: str, detail: str, *place: str) -> RequestValidationError:
    """Return a 422 about one parameter, or without a place about the whole query: names may come from the client."""
    error: dict[str, Any] = {"loc": ("query", *place), "type": code, "msg": detail}
    return RequestValidationError([error])
