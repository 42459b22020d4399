"""What is answered about the versions on the models volume."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Figures(TypedDict):
    """The figures that a version is chosen by, of its own test window; null for what was not measured."""

    roc_auc: float | None
    pr_auc: float | None
    ece: float | None


class Gate(TypedDict):
    """What the gate decided when the version was trained: every check that failed, in words, else all of them."""

    passed: bool
    reason: str


class Version(TypedDict):
    """One published version. What its manifest does not say, or cannot be read of it, is null."""

    version: str
    created_at: str | None
    grade: str | None
    metrics: Figures
    gate: Gate | None
    champion: Annotated[bool, Field(description="Whether the pointer names it.")]
    serving: Annotated[bool, Field(description="Whether this process answers with it.")]
    sound: Annotated[
        bool | Literal["unknown"],
        Field(description="Whether signature, hashes and golden predictions hold; unknown when it cannot be read."),
    ]
    reason: Annotated[str | None, Field(description="Why it is not sound, or why that is unknown.")]


# Named by its keys as they are on the wire: `from` is no name of Python's.
ChampionMove = TypedDict(
    "ChampionMove",
    {"at": str, "from": str | None, "to": str, "reason": str},
)


class Versions(TypedDict):
    """Every version that could answer, newest first, and the last moves of the champion, latest first."""

    versions: list[Version]
    history: list[ChampionMove]


class Moved(TypedDict):
    """The champion after the question: this process answers with it, and everybody is or will be scored by it."""

    champion: str
    before: Annotated[str | None, Field(description="The champion before; PUT it to go back.")]
    changed: Annotated[bool, Field(description="False when it was the champion already.")]
    scored: Annotated[
        int | None,
        Field(
            description="Customers whose stored score was made again. Null: it takes longer, or cannot be done now, "
            "and goes on by itself; `model_version` in the list of customers tells when it is done."
        ),
    ]


class Reloaded(TypedDict):
    """What answers after a look at the pointer and all that it names: the champion."""

    version: str
    changed: Annotated[bool, Field(description="Whether another version answers now than before.")]
