"""Writes the report's files from its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.report.calibration_plots import calibration_plots
from trainer.report.cohort_plots import cohort_plots
from trainer.report.explanation_plots import explanation_plots
from trainer.report.model_card import model_card
from trainer.report.page import page
from trainer.report.ranking_plots import ranking_plots
from trainer.report.segment_plots import segment_plots
from trainer.report.threshold_plots import threshold_plots

if TYPE_CHECKING:
    from trainer.report.data import ReportData
    from trainer.report.figure import Plot


def write_report(data: ReportData) -> dict[str, bytes]:
    """Return page, model card and plots by file name; equal data give equal bytes.

    A plot with too little data is a sentence on the page and has no file.
    """
    plots: dict[str, list[Plot]] = {
        "ranking": ranking_plots(data),
        "calibration": calibration_plots(data),
        "threshold": threshold_plots(data),
        "explanation": explanation_plots(data),
        "segments": segment_plots(data),
        "cohorts": cohort_plots(data),
    }
    pictures = {f"plots/{plot.name}.png": plot.png for section in plots.values() for plot in section if plot.png}
    return {"report.html": page(data, plots).encode(), "MODEL_CARD.md": model_card(data).encode(), **pictures}
