"""Responses about the versions on the models volume."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Figures(TypedDict):
    """Figures of the version's own test window; null where not measured."""

    roc_auc: float | None
    pr_auc: float | None
    ece: float | None


class Gate(TypedDict):
    """The gate's verdict at training: the reasons of failed checks, or of all checks if it passed."""

    passed: bool
    reason: str


class Version(TypedDict):
    """One published version. Fields that its manifest lacks, or that cannot be read, are null."""

    version: str
    created_at: str | None
    grade: str | None
    metrics: Figures
    gate: Gate | None
    champion: Annotated[bool, Field(description="Whether it is the champion.")]
    serving: Annotated[bool, Field(description="Whether this process answers with it.")]
    sound: Annotated[
        bool | Literal["unknown"],
        Field(description="Whether signature, hashes and golden predictions hold; unknown if it cannot be read."),
    ]
    reason: Annotated[str | None, Field(description="Why it is not sound, or why that is unknown.")]


# Keys as they are on the wire: `from` is a keyword in Python.
ChampionMove = TypedDict(
    "ChampionMove",
    {"at": str, "from": str | None, "to": str, "reason": str},
)


class Versions(TypedDict):
    """All versions, newest first, and the last changes of the champion, latest first."""

    versions: list[Version]
    history: list[ChampionMove]


class ChampionMoved(TypedDict):
    """The champion after the request. This process answers with it; all customers are or will be scored by it."""

    champion: str
    before: Annotated[str | None, Field(description="The previous champion; PUT it to go back.")]
    changed: Annotated[bool, Field(description="False if it was the champion already.")]
    scored: Annotated[
        int | None,
        Field(
            description="Customers scored by the time of the answer. Null: scoring takes longer, or must wait for the "
            "database, and continues by itself; `model_version` in the customer list shows when it is done."
        ),
    ]


class Reloaded(TypedDict):
    """The live model after the reload."""

    version: str
    changed: Annotated[bool, Field(description="Whether the live version has changed.")]
