"""The model card: what the model is for, what it rests on, how good it is, and where it must not be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.churn.season import OVERLAP_DAYS, YEAR_DAYS
from trainer.report.page import environment
from trainer.report.segment_plots import means_by_segment
from trainer.report.summary import facts, summarise
from trainer.report.tables import groups_table, metrics_table, rivals_table, season_table, weights_table
from trainer.report.wording import EVERYBODY

if TYPE_CHECKING:
    from trainer.report.content import ReportData


def model_card(data: ReportData) -> str:
    """Return the card as Markdown; names that people typed cannot become markup."""
    return (
        environment()
        .get_template("card.md")
        .render(
            summary=summarise(data),
            facts=facts(data),
            version=data.manifest["version"],
            horizon_days=data.horizon_days,
            currency=data.currency,
            bands=data.single_order_bands,
            everybody=EVERYBODY if any(band.is_everybody for band in data.single_order_bands) else "",
            metrics=metrics_table(data),
            rivals=rivals_table(data),
            groups=groups_table(data),
            weights=weights_table(data),
            season=season_table(data),
            season_months=round(12 * (1 + OVERLAP_DAYS / YEAR_DAYS)),
            segments=[] if data.customers.empty else list(means_by_segment(data.customers).itertuples()),
        )
    )
