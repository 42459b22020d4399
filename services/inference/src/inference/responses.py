"""Response models and fields that several rooms share: checked by mypy, shown in the documentation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

Probability = Annotated[float, Field(ge=0, le=1)]
Currency = Annotated[str, Field(description="Currency of all amounts, as an ISO 4217 code.")]
AnsweringVersion = Annotated[str, Field(description="Version of the model that answered.")]
RequestId = Annotated[str, Field(description="ID of the request, as in the X-Request-ID header.")]


class Meta(TypedDict):
    """Where the answer comes from and how fresh its data is."""

    as_of: Annotated[str, Field(description="The instant of the answer; nothing at or after it was used.")]
    model_version: AnsweringVersion
    data_age_days: Annotated[
        int, Field(description="Days since the last load; with CLOCK=wall, since the last transaction.")
    ]
    stale: Annotated[bool, Field(description="Whether the data is older than STALE_AFTER_DAYS.")]
    currency: Currency
    time_zone: Annotated[str, Field(description="Time zone of all days, as an IANA name.")]
    request_id: RequestId


class FeatureMeta(TypedDict):
    """Where the answer comes from."""

    model_version: AnsweringVersion
    currency: Currency
    request_id: RequestId


class ProblemError(TypedDict):
    """One error in the request."""

    pointer: Annotated[str, Field(description="The place, as a JSON pointer.")]
    code: Annotated[str, Field(description="Kind of error, for programs.")]
    detail: Annotated[str, Field(description="What is wrong, for people.")]


class Problem(TypedDict):
    """An error (RFC 9457). `code` is for programs, `title` and `detail` are for people."""

    type: Annotated[str, Field(description="URN of the kind of problem; it ends with `code`.")]
    title: Annotated[str, Field(description="What went wrong, in a few words.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    detail: Annotated[str, Field(description="What to do next.")]
    instance: Annotated[str, Field(description="URN of this occurrence; it ends with `request_id`.")]
    code: Annotated[str, Field(description="Kind of problem, for programs.")]
    request_id: RequestId
    errors: Annotated[
        list[ProblemError], Field(description="What to change, and where: at most 10. Empty for most problems.")
    ]
