"""The summary of a manifest. Pure and defensive: the manifest of an unsound version may hold anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from inference.model.responses import Figures, Gate

_GRADES: Final = {"A", "B", "C"}
_PASSED, _REFUSED, _UNKNOWN = "passed", "refused", "unknown"
_MAX_TEXT: Final = 1_000  # characters; a gate's reasons are about 500


class ManifestSummary(TypedDict):
    """The fields of a version that come from its manifest; null if missing or malformed."""

    created_at: str | None
    grade: str | None
    metrics: Figures
    gate: Gate | None


def summarise(manifest: object) -> ManifestSummary:
    """Return the summary; every figure is finite, every text can be encoded."""
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


def run_labels(summary: ManifestSummary) -> tuple[str, str]:
    """Return gate result and grade of the training run as metric labels, each from a fixed set."""
    result = _UNKNOWN if summary["gate"] is None else _PASSED if summary["gate"]["passed"] else _REFUSED
    return result, summary["grade"] if summary["grade"] in _GRADES else _UNKNOWN


def _gate(said: dict[str, Any]) -> Gate | None:
    passed, checks = said.get("passed"), said.get("checks")
    if not isinstance(passed, bool):
        return None
    found = map(_object, checks if isinstance(checks, list) else [])
    decided = [_text(check.get("reason")) or "" for check in found if passed or check.get("passed") is not True]
    return {"passed": passed, "reason": "; ".join(filter(None, decided))[:_MAX_TEXT]}


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str | None:
    return found[:_MAX_TEXT].encode(errors="replace").decode() if isinstance(found, str) else None


def _share(metric: object) -> float | None:
    """Return the value of a metric if it lies between 0 and 1; NaN does not."""
    value = _object(metric).get("value")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
