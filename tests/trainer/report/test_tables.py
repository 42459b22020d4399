"""The tables: the manifest's figures, and a dash for the unknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from report_samples import page_text

if TYPE_CHECKING:
    from trainer.report.data import ReportData


def test_every_group_has_the_figures_of_the_manifest(data: ReportData) -> None:
    text = page_text(data)
    for name, words in {"active_90_days": "Ordered in last 90 days", "lapsed": "No order for over 90 days"}.items():
        group = data.manifest["groups"][name]
        ranked = group["metrics"]["roc_auc"]["value"]
        expected = rf"{words} {group['customers']} {100 * group['churn_rate']:.0f}% \S+ {ranked:.3f}"
        assert re.search(expected, text), expected


def test_a_group_too_small_for_metrics_has_none(data: ReportData) -> None:
    nothing = dict.fromkeys(data.manifest["metrics"])
    groups = {**data.manifest["groups"], "sparse": {"customers": 3, "churn_rate": 0.0, "metrics": nothing}}
    groups["single_order"] = {"customers": 0, "churn_rate": None, "metrics": nothing}
    text = page_text(data, groups=groups)
    assert re.search(r"Two orders 3 0% 0–56% – –", text)
    assert "One order " not in text
