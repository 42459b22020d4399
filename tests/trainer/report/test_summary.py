"""The top of the page: headline, grade and gate result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from report_samples import Page, page_text

if TYPE_CHECKING:
    from trainer.report.data import ReportData


def test_the_headline_is_the_share_of_the_flagged_who_left(data: ReportData, page: Page) -> None:
    flagged = data.probability >= 0.5
    expected = f"{100 * data.churned[flagged].mean():.0f}% of flagged customers leave"
    assert expected in page.text


def test_grade_rule_and_gate_result_are_at_the_top(page: Page) -> None:
    top = page.text[: page.text.index("Does it rank leavers above stayers?")]
    assert re.search(r"Grade\s+B", top)
    assert "good enough for a letter" in top
    assert "Rule: ROC-AUC at least 0.70" in top
    assert "passed all 2 checks" in top


def test_a_refused_version_has_no_grade_and_names_the_failed_checks(data: ReportData) -> None:
    checks = [{"name": name, "passed": name == "ranking", "reason": f"{name} told"} for name in ("ranking", "skill")]
    text = page_text(data, gate={"passed": False, "checks": checks}, grade=None)
    assert "Gate: failed 1 of 2 checks; Against the average: skill told" in text
    assert "Not graded: the gate refused this version." in text
    assert "Rule" not in text[: text.index("Gate:")]
    assert "None" not in text


def test_a_champion_without_comparison_is_not_counted_as_a_passed_check(data: ReportData) -> None:
    why = "not compared with the champion because it looks 30 days ahead"
    checks = [*data.manifest["gate"]["checks"], {"name": "champion", "passed": True, "reason": why}]
    text = page_text(data, gate={"passed": True, "checks": checks})
    assert f"Gate: passed all 2 checks; Champion: {why}" in text


def test_a_capped_grade_shows_the_rule_of_the_grade_it_would_be(data: ReportData) -> None:
    capped = {**data.manifest["grade"], "grade": "C", "capped_because": "the history is short"}
    assert "Rule for B: ROC-AUC at least 0.70" in page_text(data, grade=capped)


def test_every_gate_check_is_listed_with_its_result(data: ReportData) -> None:
    expected = "Ranking passed ROC-AUC 0.74, low end 0.72 Against the rule passed better than the time rule"
    assert expected in page_text(data)
