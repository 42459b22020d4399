"""The model card: every section, the whole formula, well-formed tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.report.data import ReportData

    Files = dict[str, bytes]


def test_the_card_has_every_section_and_the_whole_formula(files: Files, data: ReportData) -> None:
    card = files["MODEL_CARD.md"].decode()
    headings = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert headings == [
        "Intended use", "Training data", "Formula", "Season", "One-time buyers", "Performance", "Segments",
        "Limits", "Fairness and privacy", "Rollback",
    ]  # fmt: skip
    for term in data.terms:
        assert re.search(rf"\({term.feature}\) \| {term.mean:.3f} \| .{abs(term.weight):.3f}", card), term
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def test_without_a_season_the_card_gives_the_reason_and_the_example_has_no_such_step(files: Files) -> None:
    assert "None: with fewer than about 14 months of cut-offs" in files["MODEL_CARD.md"].decode()
    assert "Season (" not in files["report.html"].decode()
