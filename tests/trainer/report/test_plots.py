"""The plots: captions with the manifest's figures, samples of large shops, sentences for missing data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from report_samples import Page, report_data

from retention.scoring.churn import Shift, sigmoid
from trainer.report.calibration_plots import calibration_plots
from trainer.report.cohort_plots import cohort_plots
from trainer.report.explanation_plots import explanation_plots
from trainer.report.ranking_plots import ranking_plots
from trainer.report.segment_plots import segment_plots
from trainer.report.threshold_plots import threshold_plots
from trainer.report.write import write_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.report.data import ReportData
    from trainer.report.figure import Plot


def test_the_captions_have_the_figures_of_the_manifest(data: ReportData) -> None:
    roc, pr, *_ = ranking_plots(data)
    rule = data.manifest["comparison"]["longest_silent_first"]["roc_auc"]["value"]
    assert f"Rule: longest silent first {100 * rule:.0f}%;" in roc.caption
    assert f"Rule: longest silent first  {rule:.3f}" in roc.svg
    riskiest = np.argsort(-data.probability)[:90]
    assert f"{100 * data.churned[riskiest].mean():.0f}% of the riskiest 30% left" in pr.caption
    calibration, _ = calibration_plots(data)
    assert f"the model predicted {100 * data.probability.mean():.0f}%" in calibration.caption


def test_the_most_profitable_threshold_comes_with_its_assumptions(data: ReportData) -> None:
    best = max(data.manifest["threshold_curve"], key=lambda point: point["profit"])
    _, plot = threshold_plots(data)
    assert "costs £1.00 and keeps 10% of those who would leave, each worth £25.00" in plot.caption
    assert f"would have earned most: £{best['profit']:.2f} over all 300 customers." in plot.caption
    points = [{**point, "profit": -1.0} for point in data.manifest["threshold_curve"]]
    _, plot = threshold_plots(data._replace(manifest={**data.manifest, "threshold_curve": points}))
    assert "no threshold would have been profitable" in plot.caption


def test_a_season_is_a_table_and_a_step_of_the_worked_example(data: ReportData) -> None:
    shifts = tuple(Shift(-9.0, 0.01) if month == 8 else Shift(0.1, 0.04) for month in range(12))
    seasonal = data._replace(season=shifts)
    files = write_report(seasonal)
    card, html = files["MODEL_CARD.md"].decode(), files["report.html"].decode()
    assert "| September | −9.00 (−9.16 to −8.84) | × 0.00 |" in card
    assert "+ the seasonal shift of the month" in card
    assert "Season (September)" in html
    ranked = data.contributions.sum(axis=1).sort_values()
    end = sigmoid(float(ranked.iloc[int(0.9 * (len(ranked) - 1))]) - 9)
    assert f"flagged at {100 * end:.1f}% and" in html
    assert "The largest step, season (September), lowers the risk" in html


def test_the_worked_example_ends_at_the_formula_s_probability(data: ReportData, page: Page) -> None:
    ranked = data.contributions.sum(axis=1).sort_values()
    end = sigmoid(float(ranked.iloc[int(0.9 * (len(ranked) - 1))]))
    assert f"flagged at {100 * end:.0f}%" in page.text


@pytest.mark.parametrize(
    ("plots", "change", "sentence"),
    [
        (ranking_plots, {"baselines": {}}, "guessing gives 50%)."),
        (explanation_plots, {"contributions": pd.DataFrame(columns=["Recency"])}, "the formula scored nobody"),
        (calibration_plots, {"single_order_bands": []}, "Too few one-time buyers"),
        (segment_plots, {"customers": pd.DataFrame()}, "Too few customers to form segments"),
        (segment_plots, {"pca": None}, "Too few customers to form segments"),
        (segment_plots, {"cluster_counts": []}, "Too few customers to compare"),
        (cohort_plots, {"cohorts": pd.DataFrame()}, "Needs two complete months"),
        (cohort_plots, {"cohorts": pd.DataFrame([[3.0]], index=["2011-11"])}, "Needs two complete months"),
    ],
)
def test_missing_data_is_a_sentence_instead_of_a_plot(
    data: ReportData, plots: Callable[[ReportData], list[Plot]], change: dict[str, Any], sentence: str
) -> None:
    drawn = plots(data._replace(**change))
    assert any(sentence in plot.caption for plot in drawn)
    assert not [plot.name for plot in drawn if bool(plot.svg) != bool(plot.png)]


def test_a_large_shop_is_plotted_as_a_sample_and_the_caption_says_so() -> None:
    data = report_data(customers=20_000)
    dots = {plot.name: plot for plot in (*explanation_plots(data), *segment_plots(data))}
    assert "3,000 customers drawn at random" in dots["beeswarm"].caption
    assert "3,000 of 20,000 customers are shown" in dots["segment_map"].caption
    assert sum(len(plot.svg) for plot in dots.values()) <= 400_000
