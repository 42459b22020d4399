"""The HTML page: one file that works offline, in light and dark, on a phone and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trainer.report.summary import facts, summarise
from trainer.report.tables import (
    cluster_counts_table,
    clusterers_table,
    comparison_table,
    gate_table,
    groups_table,
    metrics_table,
    season_table,
    weights_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.report.data import ReportData
    from trainer.report.figure import Plot
    from trainer.report.tables import Table


class Section(NamedTuple):
    """One section: heading, lead sentence, plots and tables."""

    name: str
    short: str  # in the navigation
    title: str
    lead: str
    plots: list[Plot]
    tables: list[Table]


def sections(data: ReportData, plots: Mapping[str, list[Plot]]) -> list[Section]:
    """Return the sections in reading order; `plots` by section name."""
    return [
        Section(
            "ranking",
            "Ranking",
            "Does it rank leavers above stayers?",
            "Customers sorted by churn probability, compared with simpler and more complex models.",
            plots["ranking"],
            [comparison_table(data), metrics_table(data)],
        ),
        Section(
            "calibration",
            "Calibration",
            "Do its percentages come true?",
            "Of customers given 60%, do 60% leave?",
            plots["calibration"],
            [groups_table(data)],
        ),
        Section(
            "threshold",
            "Threshold",
            "Who gets flagged?",
            "A lower threshold finds more leavers, and flags more customers who would have stayed.",
            plots["threshold"],
            [],
        ),
        Section(
            "explanation",
            "Drivers",
            "What drives the risk?",
            "The model is one formula, a sum of contributions: you can check every part.",
            plots["explanation"],
            [table for table in (weights_table(data), season_table(data)) if table],
        ),
        Section(
            "segments",
            "Segments",
            "Who are the customers?",
            "Segments by recency, frequency and what was spent after returns.",
            plots["segments"],
            [table for table in (cluster_counts_table(data), clusterers_table(data)) if table],
        ),
        Section("cohorts", "Cohorts", "Do new customers come back?", "", plots["cohorts"], []),
    ]


def environment() -> Environment:
    """Return the template environment; every inserted value is escaped."""
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
        gate=gate_table(data),
        version=data.manifest["version"],
        style=Markup(templates.get_template("page.css").render()),  # noqa: S704 - our own file
        drawing=Markup,  # matplotlib's SVG, which escapes text already
    )
