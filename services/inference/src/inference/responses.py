"""Response models that several rooms share: checked by mypy, shown in the documentation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

Probability = Annotated[float, Field(ge=0, le=1)]


class Meta(TypedDict):
    """Where the answer comes from and how fresh its data is."""

    as_of: Annotated[str, Field(description="The instant of the answer; nothing at or after it was used.")]
    model_version: str
    data_age_days: Annotated[
        int, Field(description="Days since the last load; with CLOCK=wall, since the last transaction.")
    ]
    stale: Annotated[bool, Field(description="Whether the data is older than STALE_AFTER_DAYS.")]
    currency: str
    request_id: str


class FeatureMeta(TypedDict):
    """Where the answer comes from."""

    model_version: str
    currency: str
    request_id: str


class ProblemError(TypedDict):
    """One error in the request."""

    pointer: Annotated[str, Field(description="The place, as a JSON pointer.")]
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
