"""The top of the report: the headline, the grade, four key figures, and the facts about the version."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.clock import rfc3339
from trainer.evaluation.metrics import share_interval
from trainer.report.labels import check
from trainer.report.number_format import count, day, instant, percent, percent_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.report.data import ReportData

REFUSED: Final = "Not graded: the gate refused this version. It is kept for reference and does not go live."


class KeyFigure(NamedTuple):
    """One number, its meaning and its 95% interval."""

    number: str
    meaning: str
    interval: str


class Summary(NamedTuple):
    """The texts at the top of the page."""

    headline: str
    lead: str
    grade: str  # a letter; "" when the gate refused, as the rule
    grade_meaning: str
    grade_rule: str
    verdict: str
    figures: list[KeyFigure]
    answers: list[tuple[str, str]]  # heading and text


def summarise(data: ReportData) -> Summary:
    """Return the summary; all its figures are of the test window."""
    manifest = data.manifest
    test = instant(manifest["windows"]["test_as_of"])
    end = day(rfc3339(test + timedelta(days=data.horizon_days - 1)))
    grade = manifest["grade"]
    return Summary(
        headline=_headline(manifest["at_threshold"]),
        lead=f"Tested on {count(manifest['customers'], 'customer')}: from orders before {day(rfc3339(test))}, the "
        f"model predicted who would place no order by {end}. It was not trained or tuned on that period.",
        grade=grade["grade"] if grade else "",
        grade_meaning=grade["sentence"] if grade else REFUSED,
        grade_rule=_rule(grade) if grade else "",
        verdict=_verdict(manifest["gate"]["checks"]),
        figures=_figures(manifest),
        answers=_answers(data),
    )


def _rule(grade: Mapping[str, Any]) -> str:
    """Return the rule; for a capped grade, the rule of the grade it would be."""
    return f"Rule for {grade['would_be']}: {grade['rule']}" if grade["capped_because"] else f"Rule: {grade['rule']}"


def _verdict(checks: list[dict[str, Any]]) -> str:
    """Return the number of checks passed, then what failed or could not be compared."""
    compared = [check for check in checks if not check["reason"].startswith("not compared")]
    failed = [check for check in compared if not check["passed"]]
    details = "".join(f"; {_reason(check)}" for check in checks if check in failed or check not in compared)
    total = count(len(compared), "check")
    return (f"failed {len(failed)} of {total}" if failed else f"passed all {total}") + details


def _reason(gate_check: Mapping[str, Any]) -> str:
    return f"{check(gate_check['name'])}: {gate_check['reason']}"


def _headline(results: Mapping[str, Any]) -> str:
    if not results["flagged_share"]:
        return "No customer is flagged"
    return f"{percent(results['precision'])} of flagged customers leave"


def _figures(manifest: Mapping[str, Any]) -> list[KeyFigure]:
    results, metrics = manifest["at_threshold"], manifest["metrics"]
    lift, auc, ece = (metrics[name] for name in ("lift_top_decile", "roc_auc", "ece"))
    return [
        KeyFigure(
            percent(results["recall"]),
            "of leavers were flagged",
            percent_range(*share_interval(results["tp"], results["tp"] + results["fn"])),
        ),
        KeyFigure(
            f"{lift['value']:.1f}×",
            "the overall churn rate among the riskiest tenth",
            f"{lift['low']:.2f}–{lift['high']:.2f}",
        ),
        KeyFigure(
            percent(auc["value"]),
            "of leaver–stayer pairs are ranked correctly; guessing gives 50%",
            percent_range(auc["low"], auc["high"]),
        ),
        KeyFigure(
            f"{100 * ece['value']:.1f} points",
            "average gap between predicted and actual churn",
            f"{100 * ece['low']:.1f}–{100 * ece['high']:.1f}",
        ),
    ]


def _answers(data: ReportData) -> list[tuple[str, str]]:
    results, churn_rate = data.manifest["at_threshold"], data.manifest["churn_rate"]
    left, flagged = results["tp"], results["tp"] + results["fp"]
    who = (
        f"Customers with a churn probability of {percent(data.threshold)} or more: {percent(results['flagged_share'])} "
        f"of customers in the test. Overall, {percent(churn_rate)} left."
    )
    what = (
        f"No order for {count(data.horizon_days, 'day')}. Current predictions count from "
        f"{day(data.manifest['clock'])}; train again after loading much new data."
    )
    certainty = (
        f"Of {count(flagged, 'flagged customer')}, {left:,} left. With other customers like these, chance alone would "
        f"give {percent_range(*share_interval(left, flagged))}, 19 times out of 20. Other seasons may differ more."
        if flagged
        else "No customer reached the threshold."
    )
    return [("Who is flagged?", who), ("What counts as leaving?", what), ("How certain is it?", certainty)]


def facts(data: ReportData) -> list[tuple[str, str]]:
    """Return name and value of each fact about the version's making."""
    manifest = data.manifest
    windows, rows = manifest["windows"], manifest["rows"]
    cut_offs = sorted(windows["training_as_of"])
    trained_on = (
        f"{count(rows['training'], 'example')} at {count(len(cut_offs), 'cut-off')}, {day(cut_offs[0])} to "
        f"{day(cut_offs[-1])}"
    )
    return [
        ("Version", str(manifest["version"])),
        ("Created", f"{instant(manifest['created_at']):%Y-%m-%d %H:%M} UTC"),
        ("Data as of", day(manifest["clock"])),
        ("Trained on", trained_on),
        ("Tested on", f"{count(rows['test'], 'customer')} as of {day(windows['test_as_of'])}"),
        ("Segments from", f"{count(rows['customers'], 'customer')} as of {day(manifest['clock'])}"),
        ("Threshold", f"{percent(data.threshold)}; policy: {manifest['threshold']['policy']}"),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in manifest["library_versions"].items())),
    ]
