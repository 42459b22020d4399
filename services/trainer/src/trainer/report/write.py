"""From the data of a report to its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.report.card import model_card
from trainer.report.cohort_plots import cohort_plots
from trainer.report.explanation_plots import explanation_plots
from trainer.report.page import page
from trainer.report.probability_plots import probability_plots
from trainer.report.ranking_plots import ranking_plots
from trainer.report.segment_plots import segment_plots
from trainer.report.threshold_plots import threshold_plots

if TYPE_CHECKING:
    from trainer.report.content import ReportData
    from trainer.report.figure import Plot


def write_report(data: ReportData) -> dict[str, bytes]:
    """Return the files by their names in the bundle: the page, the card, each plot. The same data, the same bytes.

    What too little data cannot show is a sentence on the page and no picture.
    """
    plots: dict[str, list[Plot]] = {
        "ranking": ranking_plots(data),
        "probability": probability_plots(data),
        "threshold": threshold_plots(data),
        "explanation": explanation_plots(data),
        "segments": segment_plots(data),
        "cohorts": cohort_plots(data),
    }
    pictures = {f"plots/{plot.name}.png": plot.png for theme in plots.values() for plot in theme if plot.png}
    return {"report.html": page(data, plots).encode(), "MODEL_CARD.md": model_card(data).encode(), **pictures}
