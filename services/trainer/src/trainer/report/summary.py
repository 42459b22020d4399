"""What a shopkeeper wants first: how often the model is right, who and when it is about, how sure it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.clock import rfc3339
from trainer.report import curves
from trainer.report.wording import count, day, percent, text_of, when

if TYPE_CHECKING:
    from trainer.report.content import ReportData


class Figure(NamedTuple):
    """One number worth remembering, what it means, and the range it may really have."""

    number: str
    meaning: str
    interval: str


class Summary(NamedTuple):
    """The top of the page."""

    headline: str
    lead: str
    grade: str  # a letter, or "" as the three below when the manifest has none
    grade_meaning: str
    grade_rule: str
    verdict: str
    figures: list[Figure]
    answers: list[tuple[str, str]]  # who, when, how sure


def summarise(data: ReportData) -> Summary:
    """Return the summary; every figure in it is of the test window."""
    manifest = data.manifest
    found = curves.confusion(data.churned, data.probability, data.threshold)
    test = when(manifest["windows"]["test_as_of"])
    end = day(rfc3339(test + timedelta(days=data.horizon_days - 1)))
    return Summary(
        headline=_headline(found),
        lead=f"Tried on {count(found.customers, 'customer')}: with what was known before {day(rfc3339(test))}, the "
        f"model said who would not order again by {end}. It had seen nothing of that time.",
        grade=text_of(manifest.get("grade"), "grade"),
        grade_meaning=text_of(_mapping(manifest.get("grade")), "sentence"),
        grade_rule=text_of(_mapping(manifest.get("grade")), "rule"),
        verdict=_verdict(manifest.get("gate")),
        figures=_figures(data, found),
        answers=_answers(data, found),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _checks(gate: object) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = _mapping(gate).get("checks", [])
    return checks


def _verdict(gate: object) -> str:
    """Return how many checks were passed and what failed, or the gate's own words when it kept no checks."""
    checks = _checks(gate)
    if not checks:
        return text_of(gate, "reason")
    failed = [str(check["reason"]) for check in checks if not check["passed"]]
    return f"passed {len(checks) - len(failed)} of {count(len(checks), 'check')}" + "".join(
        f"; {why}" for why in failed
    )


def _headline(found: curves.Confusion) -> str:
    if found.precision is None:
        return "It flagged nobody"
    return f"Of 100 customers it flags, {100 * found.precision:.0f} leave"


def _figures(data: ReportData, found: curves.Confusion) -> list[Figure]:
    metrics, figures = data.manifest["metrics"], []
    if found.recall is not None:
        low, high = curves.wilson(found.flagged_left, found.flagged_left + found.passed_left)
        figures.append(
            Figure(f"{100 * found.recall:.0f} in 100", "of those who left had been flagged", _range(low, high))
        )
    if "lift_top_decile" in metrics:
        lift = metrics["lift_top_decile"]
        meaning = "the usual rate of leaving, among the riskiest tenth"
        figures.append(Figure(f"{lift['value']:.1f} times", meaning, f"{lift['low']:.2f} to {lift['high']:.2f}"))
    if "roc_auc" in metrics:
        auc = metrics["roc_auc"]
        meaning = "pairs of a leaver and a stayer are ranked rightly; guessing gets 50"
        figures.append(Figure(f"{100 * auc['value']:.0f} in 100", meaning, _range(auc["low"], auc["high"])))
    if "ece" in metrics:
        ece = metrics["ece"]
        meaning = "between the chance it gave and what happened, on average"
        interval = f"{100 * ece['low']:.1f} to {100 * ece['high']:.1f}"
        figures.append(Figure(f"{100 * ece['value']:.1f} points", meaning, interval))
    return figures


def _answers(data: ReportData, found: curves.Confusion) -> list[tuple[str, str]]:
    flagged = found.flagged_left + found.flagged_stayed
    low, high = curves.wilson(found.flagged_left, flagged)
    left = float(data.churned.mean())
    reached = percent(flagged / max(1, found.customers))
    who = (
        f"Whoever has a chance of leaving of {percent(data.threshold)} or more is flagged: {reached} of the customers "
        f"then. Of everybody, {100 * left:.0f} in 100 left; a list drawn blindly would be right as often."
    )
    when_to_act = (
        f"To leave means: no order for the next {count(data.horizon_days, 'day')}. What the model says now counts from "
        f"{day(data.manifest['clock'])}; train again when much new data has come in."
    )
    sure = (
        f"Of {count(flagged, 'flagged customer')} {found.flagged_left:,} left. With other customers of the same kind "
        f"it would have been {_range(low, high)}, 19 times out of 20. Another season can be further off."
        if flagged
        else "Nobody reached the line, so there is nothing to be sure of."
    )
    return [("Who", who), ("When", when_to_act), ("How sure", sure)]


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f} in 100"


def facts(data: ReportData) -> list[tuple[str, str]]:
    """Return how this version came about: name and value, both in words."""
    manifest = data.manifest
    windows, rows = manifest["windows"], manifest["rows"]
    cutoffs = sorted(windows["training_as_of"])
    learned = (
        f"{rows['training']:,} examples at {count(len(cutoffs), 'cut-off')}, {day(cutoffs[0])} to {day(cutoffs[-1])}"
    )
    reasons = "; ".join(str(check["reason"]) for check in _checks(manifest.get("gate")))
    return [
        ("Version", str(manifest["version"])),
        ("Made", f"{when(manifest['created_at']):%Y-%m-%d %H:%M} UTC"),
        ("Data as of", day(manifest["clock"])),
        ("Learned from", learned),
        ("Tested on", f"{count(rows['test'], 'customer')} as of {day(windows['test_as_of'])}"),
        ("Segments from", f"{count(rows['customers'], 'customer')} as of {day(manifest['clock'])}"),
        ("Threshold", f"{100 * data.threshold:.1f} %; policy: {manifest['threshold'].get('policy', 'not named')}"),
        *([("At the gate", reasons)] if reasons else []),
        ("Made with", ", ".join(f"{name} {version}" for name, version in _versions(manifest))),
    ]


def _versions(manifest: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - the manifest is JSON
    return list(manifest.get("library_versions", {}).items())
