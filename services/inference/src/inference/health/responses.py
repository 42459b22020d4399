"""Responses about the process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Alive(TypedDict):
    """The process is alive."""

    status: Literal["alive"]


class Check(TypedDict):
    """The check of one dependency."""

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
    """Readiness, with further details for a monitor."""

    api: Literal["running"]
    mongo: Literal["connected", "unavailable"]
    model: Literal["loaded", "absent"]
    model_version: str | None
    stale_reason: Annotated[str | None, Field(description="Why the champion is not the live model.")]
    documents: Annotated[int | None, Field(description="Approximate number of stored transactions; null if unknown.")]
    version: Annotated[str, Field(description="The code's git revision.")]
