"""The bands of one-time buyers: they join without gaps, and pooled ones are marked."""

from __future__ import annotations

from report_samples import report_data

from retention.scoring.churn import sigmoid
from retention.scoring.single_order import Cell, SingleOrderRates
from trainer.report.bands import single_order_bands
from trainer.report.calibration_plots import calibration_plots
from trainer.report.write import write_report


def test_each_band_starts_where_the_one_before_ends() -> None:
    limits = [(60.0, 4.2), (60.0, None), (120.0, None), (None, 4.2), (None, None)]
    rates = SingleOrderRates(1.0, tuple(Cell(*limit, 10, 0.0, -1.0, 1.0) for limit in limits))
    bands = single_order_bands(rates)
    assert [(band.days, band.products) for band in bands] == [
        ("0–59", "1–4 products"),
        ("0–59", "5 or more products"),
        ("60–119", ""),
        ("120 or more", "1–4 products"),
        ("120 or more", "5 or more products"),
    ]
    assert (bands[0].rate, bands[0].low) == (0.5, sigmoid(-1.0))
    _, plot = calibration_plots(report_data()._replace(single_order_bands=bands))
    assert "5 or more products" in plot.svg
    assert "too few customers of its own" not in plot.caption


def test_a_pooled_band_is_marked_with_its_number_of_customers() -> None:
    cells = (Cell(60.0, None, 40, 0.5, 0.0, 1.0), Cell(None, None, 70, 0.2, 0.1, 0.3))
    data = report_data()._replace(single_order_bands=single_order_bands(SingleOrderRates(0.2, cells)))
    _, plot = calibration_plots(data)
    assert "all: n = 70" in plot.svg
    assert "all: n = 40" not in plot.svg
    assert "too few customers of its own" in plot.caption
    card = write_report(data)["MODEL_CARD.md"].decode()
    assert "| Days since the order | Customers |" in card
    assert "| 60 or more (all) | 70 |" in card
    assert "too few customers of its own" in card
