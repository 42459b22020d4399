"""What may be asked of the list and of a profile: strict, though an address holds nothing but text."""

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
        raise PydanticCustomError("whole_number", "It must be a whole number, in digits alone, without leading zeros")
    return int(text)


def _decimal(text: object) -> object:
    if not isinstance(text, str):
        return text
    if not _DECIMAL.fullmatch(text):
        raise PydanticCustomError("decimal_number", "It must be a decimal number, such as 0.5")
    return float(text)


CustomerId = Annotated[
    int, Field(ge=1, le=MAX_CUSTOMER_ID, description="The customer's id.", examples=[12347]), BeforeValidator(_whole)
]


class ListQuestion(BaseModel):
    """Which customers, in which order, and from where on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_SEGMENT_NAME,
            description="Of this segment alone, by its name; nobody is of one that does not exist.",
            examples=["Loyal High-Value"],
        ),
    ] = None
    min_churn: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None,
        BeforeValidator(_decimal),
        Field(description="With this churn_probability or a higher one.", examples=[0.5]),
    ] = None
    sort: Annotated[
        Sort,
        Field(
            description="The order; a minus: the highest first. Of equal probabilities the id decides. "
            "By customer_id everybody is listed, without segment and min_churn."
        ),
    ] = "-churn_probability"
    limit: Annotated[
        int, Field(ge=1, le=MAX_PAGE, description="Customers on a page.", examples=[5]), BeforeValidator(_whole)
    ] = 50
    cursor: Annotated[
        str | None,
        Field(
            min_length=CURSOR_LENGTH,
            max_length=CURSOR_LENGTH,
            description="next_cursor of the page before, with the same segment, min_churn and sort.",
        ),
    ] = None

    @model_validator(mode="after")
    def _is_served_by_an_index(self) -> Self:
        # The next of few in the order of ids may be 1,000,000 customers away: no index answers that for any filter.
        if self.sort == "customer_id" and not (self.segment is None and self.min_churn is None):
            raise PydanticCustomError("sort_of_everybody", "Everybody is listed by customer_id: filters go with risk")
        return self

    @property
    def scope(self) -> tuple[object, ...]:
        """What a cursor belongs to: it names a place in one order of some customers."""
        return self.sort, self.segment, None if self.min_churn is None else float(self.min_churn)

    def address(self, cursor: str) -> str:
        """Return the parameters of the page that begins at `cursor`."""
        return urlencode({**self.model_dump(exclude_none=True), "cursor": cursor})


class ProfileQuestion(BaseModel):
    """As of when one customer is asked about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: Annotated[
        str | None,
        Field(
            description=CustomerQuestion.model_fields["as_of"].description,
            json_schema_extra={"format": "date-time"},
            examples=["2011-11-10T00:00:00Z"],
        ),
    ] = None


async def each_once(request: Request) -> None:  # else FastAPI calls it in a thread
    """Refuse a parameter that is given twice: one of them would be passed over."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        raise wrong_parameter("repeated_parameter", "A parameter is given twice")


def wrong_parameter(code: str, detail: str, *place: str) -> RequestValidationError:
    """Return the 422 of one parameter; without a place of the address as a whole, since a client makes up names."""
    error: dict[str, Any] = {"loc": ("query", *place), "type": code, "msg": detail}
    return RequestValidationError([error])
