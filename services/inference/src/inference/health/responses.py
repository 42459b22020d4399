"""Responses about the process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Alive(TypedDict):
    """The process is alive."""

    status: Annotated[Literal["alive"], Field(description="Always alive: a dead process does not answer.")]


class Check(TypedDict):
    """The check of one dependency."""

    ok: Annotated[bool, Field(description="Whether the dependency can be used.")]
    milliseconds: Annotated[float, Field(description="How long the check took.")]


class Checks(TypedDict):
    """Every dependency."""

    mongo: Annotated[Check, Field(description="The database.")]
    model: Annotated[Check, Field(description="The live model.")]


class Readiness(TypedDict):
    """Whether predictions can be answered now."""

    status: Annotated[Literal["ready", "not_ready"], Field(description="ready when every check is ok.")]
    checks: Annotated[Checks, Field(description="One check per dependency.")]


class Health(Readiness):
    """Readiness, with further details for a monitor."""

    api: Annotated[Literal["running"], Field(description="Always running: a dead process does not answer.")]
    mongo: Annotated[Literal["connected", "unavailable"], Field(description="The state of the database.")]
    model: Annotated[Literal["loaded", "absent"], Field(description="Whether a model is live.")]
    model_version: Annotated[str | None, Field(description="Version of the live model; null without one.")]
    stale_reason: Annotated[str | None, Field(description="Why the champion is not the live model; null when it is.")]
    documents: Annotated[int | None, Field(description="Approximate number of stored transactions; null if unknown.")]
    version: Annotated[str, Field(description="Git revision of the code.")]
