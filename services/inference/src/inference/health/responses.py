"""What is answered about the process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Alive(TypedDict):
    """The process answers."""

    status: Literal["alive"]


class Check(TypedDict):
    """One dependency: whether it is there, and how long the answer took."""

    ok: bool
    milliseconds: float


class Checks(TypedDict):
    """Every dependency."""

    mongo: Check
    model: Check


class Readiness(TypedDict):
    """Whether predictions can be answered now."""

    status: Literal["ready", "not_ready"]
    checks: Checks


class Health(Readiness):
    """Readiness, and what a monitor likes to see beside it."""

    api: Literal["running"]
    mongo: Literal["connected", "unavailable"]
    model: Literal["loaded", "absent"]
    model_version: str | None
    stale_reason: Annotated[str | None, Field(description="Why the champion is not the model that answers.")]
    documents: Annotated[int | None, Field(description="About how many transactions are stored; null when unknown.")]
    version: Annotated[str, Field(description="The code's git revision.")]
