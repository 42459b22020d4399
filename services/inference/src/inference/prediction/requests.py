"""Request models, strict: no strings for numbers, no fractions for ids, no unknown fields.

A count may be written 7.0: to JSON it is the same number, and data frames with gaps write it this way.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from retention.clock import is_day_start
from retention.lines.identity import MAX_REFERENCE
from retention.lines.rules import MAX_CUSTOMER_ID

if TYPE_CHECKING:
    from pydantic_core import InitErrorDetails

MAX_ORDERS: Final = 10**9
MAX_DAYS: Final = 100_000  # 273 years
MAX_MONEY: Final = 1e12
AVERAGE_TOLERANCE: Final = 0.01
MAX_BATCH: Final = 1000

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_YEAR: Final = 1990  # earlier lines are quarantined
_LAST_YEAR: Final = 2199


def _day_boundary(value: object) -> datetime:
    """Return the instant of an RFC 3339 text that is 00:00 UTC of an accepted day."""
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value.upper())
            if _FIRST_YEAR <= instant.year <= _LAST_YEAR and is_day_start(instant):
                return instant
        except ValueError:
            pass
    raise PydanticCustomError("day_boundary", "Enter 00:00 UTC of a day as RFC 3339, e.g. 2011-09-10T00:00:00Z")


def _count(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_count)]
CustomerId = Annotated[int, Field(ge=1, le=MAX_CUSTOMER_ID, description="The customer's ID.", examples=[12347])]
CustomerRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_REFERENCE,
        description="The customer's ID or e-mail address as the shop knows it.",
        examples=["maya@fernhill.example"],
    ),
]
AsOf = Annotated[
    datetime | None,
    BeforeValidator(lambda value: None if value is None else _day_boundary(value)),
    Field(
        description="The day boundary (00:00 UTC) to answer as of; nothing at or after it is used. "
        "Default: the clock, the day after the last transaction."
    ),
]


def _one_of(name: str, other: str) -> ConfigDict:
    """Return the configuration of a model with exactly one of two fields."""
    either: Any = {"oneOf": [{"required": [name]}, {"required": [other]}]}
    return ConfigDict(strict=True, extra="forbid", json_schema_extra=either)


def _require_one(question: BaseModel, name: str, other: str) -> None:
    """Raise the error of a missing or a superfluous field, at its place."""
    given = {name, other} & question.model_fields_set
    if len(given) == 1:
        return
    superfluous = PydanticCustomError("one_of_two", f"Give {name} or {other}, not both")
    error: InitErrorDetails = {
        "type": superfluous if given else "missing",
        "loc": (other if given else name,),
        "input": {},
    }
    raise ValidationError.from_exception_data(type(question).__name__, [error])


class CustomerQuestion(BaseModel):
    """One customer, by ID or reference."""

    model_config = _one_of("customer_id", "customer_ref")

    customer_id: CustomerId = Field(default_factory=int)  # 0 until a reference is resolved
    customer_ref: CustomerRef = Field(default_factory=str)
    as_of: AsOf = None
    explain: Annotated[bool, Field(description="Whether to return the reasons.")] = True

    @model_validator(mode="after")
    def _names_one_customer(self) -> Self:
        _require_one(self, "customer_id", "customer_ref")
        return self


class CustomersQuestion(BaseModel):
    """Up to 1,000 customers, by ID or reference."""

    model_config = _one_of("customer_ids", "customer_refs")

    customer_ids: Annotated[
        list[CustomerId],
        Field(min_length=1, max_length=MAX_BATCH, description="IDs; answers keep their order and repetitions."),
    ] = Field(default_factory=list)
    customer_refs: Annotated[
        list[CustomerRef],
        Field(
            min_length=1,
            max_length=MAX_BATCH,
            description="IDs or e-mail addresses as the shop knows them, in place of customer_ids; each answer "
            "repeats its own.",
        ),
    ] = Field(default_factory=list)
    as_of: AsOf = None
    explain: Annotated[bool, Field(description="Whether to return the reasons.")] = False

    @model_validator(mode="after")
    def _names_its_customers(self) -> Self:
        _require_one(self, "customer_ids", "customer_refs")
        return self


class LookupQuestion(BaseModel):
    """One customer, by reference."""

    model_config = ConfigDict(strict=True, extra="forbid")

    customer_ref: CustomerRef


class FeatureQuestion(BaseModel):
    """One customer, by figures instead of an ID."""

    model_config = ConfigDict(strict=True, extra="forbid")

    Frequency: Annotated[Count, Field(ge=1, le=MAX_ORDERS, description="Number of orders.", examples=[7])]
    Monetary: Annotated[
        float,
        Field(
            gt=0,
            le=MAX_MONEY,
            allow_inf_nan=False,
            description="Value of all orders minus returns; 0 where more was returned than ordered.",
            examples=[4310.0],
        ),
    ]
    AvgOrderValue: Annotated[
        float,
        Field(
            gt=0,
            le=MAX_MONEY,
            allow_inf_nan=False,
            description="Monetary / Frequency; a deviation of over 1% is refused.",
            examples=[615.71],
        ),
    ]
    Recency: Annotated[
        Count | None, Field(ge=0, le=MAX_DAYS, description="Whole days since the last order.", examples=[2])
    ] = None
    Tenure: Annotated[
        Count | None,
        Field(ge=0, le=MAX_DAYS, description="Whole days since the first order, at least Recency.", examples=[367]),
    ] = None

    @field_validator("AvgOrderValue")
    @classmethod
    def _is_the_average(cls, value: float, info: ValidationInfo) -> float:
        if {"Frequency", "Monetary"} <= info.data.keys():  # otherwise they have errors of their own
            expected = info.data["Monetary"] / info.data["Frequency"]
            if abs(value - expected) > AVERAGE_TOLERANCE * expected:
                raise PydanticCustomError("not_the_average", "AvgOrderValue must equal Monetary / Frequency within 1%")
        return value

    @field_validator("Tenure")
    @classmethod
    def _reaches_the_last_order(cls, value: int | None, info: ValidationInfo) -> int | None:
        recency = info.data.get("Recency")
        if value is not None and recency is not None and value < recency:
            raise PydanticCustomError(
                "tenure_below_recency", "Tenure must be at least Recency: the first order is not after the last"
            )
        return value

    def given(self) -> dict[str, Any]:
        """Return the given figures, without those left out."""
        return self.model_dump(exclude_none=True)


class FeatureBatch(BaseModel):
    """Up to 1,000 customers, by figures."""

    model_config = ConfigDict(strict=True, extra="forbid")

    data: Annotated[
        list[FeatureQuestion], Field(min_length=1, max_length=MAX_BATCH, description="One row per customer.")
    ]


class SegmentQuestion(BaseModel):
    """One customer, by recency, frequency and net money."""

    model_config = ConfigDict(strict=True, extra="forbid")

    recency: Annotated[Count, Field(ge=0, le=MAX_DAYS, description="Whole days since the last order.", examples=[2])]
    frequency: Annotated[Count, Field(ge=1, le=MAX_ORDERS, description="Number of orders.", examples=[7])]
    monetary: Annotated[
        float,
        Field(
            ge=0,
            le=MAX_MONEY,
            allow_inf_nan=False,
            description="Value of all orders minus returns; 0 where more was returned than ordered.",
            examples=[4310.0],
        ),
    ]
