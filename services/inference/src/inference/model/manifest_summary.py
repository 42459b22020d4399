"""What a manifest says of its version, in a few words. Pure, and careful: an unsound one may say anything at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from inference.model.responses import Figures, Gate

_GRADES: Final = {"A", "B", "C"}
_PASSED, _REFUSED, _UNKNOWN = "passed", "refused", "unknown"
_MAX_WORDS: Final = 1_000  # characters; a gate's are about 500


class Headline(TypedDict):
    """The part of a version's answer that its manifest gives; null is what it does not say, or not so."""

    created_at: str | None
    grade: str | None
    metrics: Figures
    gate: Gate | None


def headline(manifest: object) -> Headline:
    """Return what the manifest says; every figure is finite, every text can be sent."""
    said = _object(manifest)
    metrics = _object(said.get("metrics"))
    return {
        "created_at": _text(said.get("created_at")),
        "grade": _text(_object(said.get("grade")).get("grade")),
        "metrics": {
            "roc_auc": _share(metrics.get("roc_auc")),
            "pr_auc": _share(metrics.get("pr_auc")),
            "ece": _share(metrics.get("ece")),
        },
        "gate": _gate(_object(said.get("gate"))),
    }


def run(said: Headline) -> tuple[str, str]:
    """Return the result and the grade of the training run that made the version, each one of a few words."""
    result = _UNKNOWN if said["gate"] is None else _PASSED if said["gate"]["passed"] else _REFUSED
    return result, said["grade"] if said["grade"] in _GRADES else _UNKNOWN


def _gate(said: dict[str, Any]) -> Gate | None:
    passed, checks = said.get("passed"), said.get("checks")
    if not isinstance(passed, bool):
        return None
    found = map(_object, checks if isinstance(checks, list) else [])
    decided = [_text(check.get("reason")) or "" for check in found if passed or check.get("passed") is not True]
    return {"passed": passed, "reason": "; ".join(filter(None, decided))[:_MAX_WORDS]}


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str | None:
    return found[:_MAX_WORDS].encode(errors="replace").decode() if isinstance(found, str) else None


def _share(metric: object) -> float | None:
    """Return the value of a metric, all of which lie between 0 and 1; NaN does not."""
    value = _object(metric).get("value")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
