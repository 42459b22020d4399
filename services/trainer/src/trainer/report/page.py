"""The page: everything in one file that works from a disk, in light and dark, on a phone and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trainer.report.summary import facts, summarise
from trainer.report.tables import (
    cluster_counts_table,
    clusterers_table,
    groups_table,
    metrics_table,
    rivals_table,
    season_table,
    weights_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.report.content import ReportData
    from trainer.report.figure import Plot
    from trainer.report.tables import Table


class Section(NamedTuple):
    """A heading, a sentence of what it answers, its plots and its tables."""

    name: str
    short: str  # in the navigation
    title: str
    lead: str
    plots: list[Plot]
    tables: list[Table]


def sections(data: ReportData, plots: Mapping[str, list[Plot]]) -> list[Section]:
    """Return the sections in the order in which questions come up; `plots` by theme."""
    of_segments = [table for table in (cluster_counts_table(data), clusterers_table(data)) if table]
    return [
        Section(
            "ranking",
            "Ranking",
            "Does it know who is riskier?",
            "Ranked from the safest to the riskiest: are those who left at the "
            "top? Beside it, what costs less thought.",
            plots["ranking"],
            [rivals_table(data), metrics_table(data)],
        ),
        Section(
            "probability",
            "Percentages",
            "Can its percentages be believed?",
            "When it says 60 %, do 60 in 100 leave?",
            plots["probability"],
            [groups_table(data)],
        ),
        Section(
            "threshold",
            "The line",
            "Where is the line?",
            "Everybody above it gets your attention: a lower line finds more leavers "
            "and bothers more who would have stayed.",
            plots["threshold"],
            [],
        ),
        Section(
            "explanation",
            "Reasons",
            "Why does it say so?",
            "The model is one formula, a sum. Each part of the sum can be read, for all and for each.",
            plots["explanation"],
            [table for table in (weights_table(data), season_table(data)) if table],
        ),
        Section(
            "segments",
            "Customers",
            "Who are the customers?",
            "Grouped by how lately, how often and for how much they bought.",
            plots["segments"],
            of_segments,
        ),
        Section("cohorts", "Coming back", "Do they come back?", "", plots["cohorts"], []),
    ]


def environment() -> Environment:
    """Return the templates; whatever is put into them is text, never markup."""
    return Environment(
        loader=PackageLoader("trainer.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(data: ReportData, plots: Mapping[str, list[Plot]]) -> str:
    """Return the HTML."""
    templates = environment()
    return templates.get_template("page.html").render(
        summary=summarise(data),
        sections=sections(data, plots),
        facts=facts(data),
        version=data.manifest["version"],
        style=Markup(templates.get_template("page.css").render()),  # noqa: S704 - our own file
        drawing=Markup,  # what matplotlib drew, where text was escaped already
    )
