"""The model card: intended use, training data, formula, performance, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.churn.season import OVERLAP_DAYS, YEAR_DAYS
from trainer.report.labels import POOLED_BANDS
from trainer.report.number_format import compact, money, percent, percent_range
from trainer.report.page import environment
from trainer.report.segment_plots import means_by_segment
from trainer.report.summary import facts, summarise
from trainer.report.tables import comparison_table, gate_table, groups_table, metrics_table, season_table, weights_table

if TYPE_CHECKING:
    from trainer.report.data import ReportData


def model_card(data: ReportData) -> str:
    """Return the card as Markdown; names typed by people cannot become markup."""
    card = (
        environment()
        .get_template("model_card.md")
        .render(
            summary=summarise(data),
            facts=facts(data),
            version=data.manifest["version"],
            horizon_days=data.horizon_days,
            currency=data.currency,
            bands=data.single_order_bands,
            pooled=POOLED_BANDS if any(band.is_pooled for band in data.single_order_bands) else "",
            metrics=metrics_table(data),
            comparison=comparison_table(data),
            gate=gate_table(data),
            groups=groups_table(data),
            weights=weights_table(data),
            season=season_table(data),
            season_months=round(12 * (1 + OVERLAP_DAYS / YEAR_DAYS)),
            segments=[] if data.customers.empty else list(means_by_segment(data.customers).itertuples()),
            compact=compact,
            money=money,
            percent=percent,
            percent_range=percent_range,
        )
    )
    return card.replace("&#39;", "'").replace("&#34;", '"')  # quotes are harmless outside HTML attributes
