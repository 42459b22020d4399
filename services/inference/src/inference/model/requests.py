"""What may be asked of the models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ChampionChoice(BaseModel):
    """The version that is to answer."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    version: Annotated[
        str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{7}$", description="One of those that `GET /models` lists.")
    ]
