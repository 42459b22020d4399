"""What a shopkeeper wants first: how often the model is right, who and when it is about, how sure it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.clock import rfc3339
from trainer.report.content import share_interval
from trainer.report.wording import check, count, day, percent, when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.report.content import ReportData

REFUSED: Final = "Not graded: the gate refused this version. It is kept to be read and does not go live."


class Figure(NamedTuple):
    """One number worth remembering, what it means, and the range it may really have."""

    number: str
    meaning: str
    interval: str


class Summary(NamedTuple):
    """The top of the page."""

    headline: str
    lead: str
    grade: str  # a letter, or "" as the rule when the gate refused
    grade_meaning: str
    grade_rule: str
    verdict: str
    figures: list[Figure]
    answers: list[tuple[str, str]]  # who, when, how sure


def summarise(data: ReportData) -> Summary:
    """Return the summary; every figure in it is of the test window."""
    manifest = data.manifest
    test = when(manifest["windows"]["test_as_of"])
    end = day(rfc3339(test + timedelta(days=data.horizon_days - 1)))
    grade = manifest["grade"]
    return Summary(
        headline=_headline(manifest["at_threshold"]),
        lead=f"Tried on {count(manifest['customers'], 'customer')}: with what was known before {day(rfc3339(test))}, "
        f"the model said who would not order again by {end}. No fit and no choice of this run had seen that time.",
        grade=grade["grade"] if grade else "",
        grade_meaning=grade["sentence"] if grade else REFUSED,
        grade_rule=_rule(grade) if grade else "",
        verdict=_verdict(manifest["gate"]["checks"]),
        figures=_figures(manifest),
        answers=_answers(data),
    )


def _rule(grade: Mapping[str, Any]) -> str:
    """Return the rule, and for which grade where that was not given."""
    return f"Rule for {grade['would_be']}: {grade['rule']}" if grade["capped_because"] else f"Rule: {grade['rule']}"


def _verdict(checks: list[dict[str, Any]]) -> str:
    """Return how many checks were made and passed, what failed, and what could not be compared."""
    compared = [check for check in checks if not check["reason"].startswith("not compared")]
    failed = [check for check in compared if not check["passed"]]
    told = "".join(f"; {_reason(check)}" for check in checks if check in failed or check not in compared)
    made = count(len(compared), "check")
    return (f"failed {len(failed)} of {made}" if failed else f"passed all {made}") + told


def _reason(of: Mapping[str, Any]) -> str:
    return f"{check(of['name'])}: {of['reason']}"


def _headline(found: Mapping[str, Any]) -> str:
    if not found["flagged_share"]:
        return "It flagged nobody"
    return f"Of 100 customers it flags, {100 * found['precision']:.0f} leave"


def _figures(manifest: Mapping[str, Any]) -> list[Figure]:
    found, metrics = manifest["at_threshold"], manifest["metrics"]
    lift, auc, ece = (metrics[name] for name in ("lift_top_decile", "roc_auc", "ece"))
    return [
        Figure(
            f"{100 * found['recall']:.0f} in 100",
            "of those who left had been flagged",
            _range(*share_interval(found["tp"], found["tp"] + found["fn"])),
        ),
        Figure(
            f"{lift['value']:.1f} times",
            "the usual rate of leaving, among the riskiest tenth",
            f"{lift['low']:.2f} to {lift['high']:.2f}",
        ),
        Figure(
            f"{100 * auc['value']:.0f} in 100",
            "pairs of a leaver and a stayer are ranked rightly; guessing gets 50",
            _range(auc["low"], auc["high"]),
        ),
        Figure(
            f"{100 * ece['value']:.1f} points",
            "between the chance it gave and what happened, on average",
            f"{100 * ece['low']:.1f} to {100 * ece['high']:.1f}",
        ),
    ]


def _answers(data: ReportData) -> list[tuple[str, str]]:
    found, left = data.manifest["at_threshold"], data.manifest["churn_rate"]
    right, flagged, reached = found["tp"], found["tp"] + found["fp"], percent(found["flagged_share"])
    who = (
        f"Whoever has a chance of leaving of {percent(data.threshold)} or more is flagged: {reached} of the customers "
        f"then. Of everybody, {100 * left:.0f} in 100 left; a list drawn blindly would be right as often."
    )
    when_to_act = (
        f"To leave means: no order for the next {count(data.horizon_days, 'day')}. What the model says now counts from "
        f"{day(data.manifest['clock'])}; train again when much new data has come in."
    )
    sure = (
        f"Of {count(flagged, 'flagged customer')} {right:,} left. With other customers of the same kind "
        f"it would have been {_range(*share_interval(right, flagged))}, 19 times out of 20. Another season can be "
        "further off."
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
    reasons = "; ".join(map(_reason, manifest["gate"]["checks"]))
    return [
        ("Version", str(manifest["version"])),
        ("Made", f"{when(manifest['created_at']):%Y-%m-%d %H:%M} UTC"),
        ("Data as of", day(manifest["clock"])),
        ("Learned from", learned),
        ("Tested on", f"{count(rows['test'], 'customer')} as of {day(windows['test_as_of'])}"),
        ("Segments from", f"{count(rows['customers'], 'customer')} as of {day(manifest['clock'])}"),
        ("Threshold", f"{100 * data.threshold:.1f} %; policy: {manifest['threshold']['policy']}"),
        ("At the gate", reasons),
        ("Made with", ", ".join(f"{name} {version}" for name, version in manifest["library_versions"].items())),
    ]
