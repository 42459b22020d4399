"""Responses about the versions on the models volume."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

# An enum, not a const: in a union with bool, clients of openapi-python-client 0.29 accept the const alone.
_Unknown = Annotated[Literal["unknown"], WithJsonSchema({"type": "string", "enum": ["unknown"]})]
VersionName = Annotated[str, Field(description="The version, such as 20261121T043026Z-7db91e3.")]


class Figures(TypedDict):
    """Figures of the version's own test window; null where not measured."""

    roc_auc: Annotated[float | None, Field(description="Chance that a leaver ranks above a stayer; 0.5 is guessing.")]
    pr_auc: Annotated[float | None, Field(description="Area under the precision-recall curve.")]
    ece: Annotated[float | None, Field(description="Expected calibration error; 0 is best.")]


class Gate(TypedDict):
    """The gate's verdict at training: the reasons of failed checks, or of all checks if it passed."""

    passed: Annotated[bool, Field(description="Whether the version may go live.")]
    reason: Annotated[str, Field(description="The figures that decided.")]


class Version(TypedDict):
    """One published version. Fields that its manifest lacks, or that cannot be read, are null."""

    version: VersionName
    created_at: Annotated[str | None, Field(description="When it was trained.")]
    grade: Annotated[str | None, Field(description="A, B or C; A is best.")]
    metrics: Annotated[Figures, Field(description="Performance on customers it had not seen.")]
    gate: Annotated[Gate | None, Field(description="Whether it passed the checks before promotion.")]
    champion: Annotated[bool, Field(description="Whether it is the champion.")]
    serving: Annotated[bool, Field(description="Whether this process answers with it.")]
    sound: Annotated[
        bool | _Unknown,
        Field(description="Whether signature, hashes and golden predictions hold; unknown if it cannot be read."),
    ]
    reason: Annotated[str | None, Field(description="Why it is not sound, or why that is unknown.")]


# Keys as they are on the wire: `from` is a keyword in Python.
ChampionMove = TypedDict(
    "ChampionMove",
    {
        "at": Annotated[str, Field(description="When the champion changed.")],
        "from": Annotated[str | None, Field(description="The version before; null for the first champion.")],
        "to": Annotated[str, Field(description="The version that became champion.")],
        "reason": Annotated[str, Field(description="The gate's result, or who changed it.")],
    },
)


class VersionList(TypedDict):
    """All versions, newest first, and the last changes of the champion, latest first."""

    versions: Annotated[list[Version], Field(description="Newest first.")]
    history: Annotated[list[ChampionMove], Field(description="Changes of the champion, latest first.")]


class ChampionMoved(TypedDict):
    """The champion after the request. This process answers with it; all customers are or will be scored by it."""

    champion: Annotated[str, Field(description="The champion now.")]
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

    version: Annotated[str, Field(description="The live version.")]
    changed: Annotated[bool, Field(description="Whether the live version has changed.")]
