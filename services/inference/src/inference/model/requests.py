"""Requests about model versions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ChampionChoice(BaseModel):
    """The version to promote."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    version: Annotated[
        str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{7}$", description="A version that `GET /models` lists.")
    ]
