"""The season: found from months seen in two years, and separated from a trend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from retention.scoring.churn import NO_SEASON
from trainer.churn.season import best_intercept, fit_season
from trainer.windows import Examples

FIRST = np.datetime64("2010-03-05")
HORIZON_DAYS = 90


def cut_offs(days: int, trend_per_year: float = 0.0, season: float = 0.0, customers: int = 4_000) -> Examples:
    """A cut-off every 15 days; log-odds drift, and are `season` lower in September, as seen in customers' fates."""
    random = np.random.default_rng(1)
    as_of = FIRST + np.arange(0, days + 1, 15)
    wanted = trend_per_year * (as_of - FIRST).astype(float) / 365.25 - season * (months(as_of) == 9)
    churned = random.random((len(as_of), customers)) < (1 / (1 + np.exp(-wanted)))[:, None]
    rows = np.repeat(as_of, customers)
    return Examples(
        pd.DataFrame(index=range(len(rows))), pd.Series(churned.ravel().astype(int)), pd.RangeIndex(len(rows)), rows
    )


def months(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    return days.astype("datetime64[M]").astype(int) % 12 + 1


def fit(examples: Examples) -> list[float]:
    return [shift.log_odds for shift in fit_season(examples, np.zeros(len(examples.churned)), HORIZON_DAYS)]


def test_one_year_gives_no_season() -> None:
    assert fit_season(cut_offs(390, season=0.5), np.zeros(27 * 4_000), HORIZON_DAYS) == NO_SEASON


def test_a_month_with_less_churn_is_found() -> None:
    shifts = fit(cut_offs(465, season=0.5))
    assert shifts[8] == pytest.approx(-0.5, abs=0.1)
    assert shifts[:8] + shifts[9:] == pytest.approx([0.0] * 11, abs=0.1)


def test_a_trend_is_no_season_and_stops_at_the_last_cut_off() -> None:
    shifts = fit(cut_offs(465, trend_per_year=0.4))
    assert shifts == pytest.approx([0.4 * 465 / 365.25] * 12, abs=0.15)


def test_random_levels_give_almost_no_season() -> None:
    random, shifted = np.random.default_rng(4), list[float]()
    for _ in range(20):
        found = cut_offs(465, customers=500)
        days = (found.as_of - FIRST).astype(int)
        level = np.interp(days, np.arange(0, 560, 80), random.normal(0, 0.15, 7))  # as labels of 90 days overlap
        shifts = fit_season(found, -level, HORIZON_DAYS)
        shifted += [shift.log_odds for shift in shifts]
    assert np.sqrt(np.mean(np.square(shifted))) < 0.15  # as the levels themselves
    assert np.mean(np.equal(shifted, 0)) > 0.3


@pytest.mark.parametrize(("mean", "rate"), [(0.09, 0.5), (0.885, 0.4), (0.001, 0.99), (0.5, 0.5)])
def test_an_intercept_is_found_from_distant_starts(mean: float, rate: float) -> None:
    random = np.random.default_rng(0)
    log_odds = random.normal(np.log(mean / (1 - mean)), 2, 900)
    churned = (np.arange(900) < 900 * rate).astype(int)
    shift = best_intercept(churned, log_odds).log_odds
    assert (1 / (1 + np.exp(-(log_odds + shift)))).mean() == pytest.approx(rate, abs=2e-3)


def test_the_intercept_makes_the_mean_probability_equal_the_rate() -> None:
    random = np.random.default_rng(0)
    log_odds, churned = random.normal(0, 1.5, 500), (random.random(500) < 0.2).astype(int)
    shifted = 1 / (1 + np.exp(-(log_odds + best_intercept(churned, log_odds).log_odds)))
    assert shifted.mean() == pytest.approx(churned.mean(), abs=1e-9)
