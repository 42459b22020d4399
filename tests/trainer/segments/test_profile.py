"""The profiles of the segments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from segment_samples import FOUR

from trainer.segments.fit import fit_segments
from trainer.segments.profile import profile_segments


def test_the_profiles_cover_all_customers_and_all_revenue(usual: pd.DataFrame) -> None:
    rows = profile_segments(usual, fit_segments(usual))
    assert [row["segment"] for row in rows] == FOUR
    assert [row["customers"] for row in rows] == [60, 150, 120, 70]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert sum(row["revenue_share"] for row in rows) == pytest.approx(1)
    loyal = usual[:60]
    assert rows[0] == {
        "segment": "Loyal High-Value",
        "customers": 60,
        "share": 60 / 400,
        "recency": pytest.approx(loyal.Recency.mean()),
        "frequency": pytest.approx(loyal.Frequency.mean()),
        "monetary": pytest.approx(loyal.net_monetary.mean()),
        "revenue_share": pytest.approx(loyal.net_monetary.sum() / usual.net_monetary.sum()),
    }


def test_the_churn_rate_is_by_segment_at_the_test_instant(usual: pd.DataFrame) -> None:
    then = usual[60:]  # nobody was loyal yet
    churned = pd.Series(np.repeat([1, 1, 0, 1, 0], [150, 60, 60, 7, 63]), index=then.index)
    rows = profile_segments(usual, fit_segments(usual), (then, churned))
    assert [row["churn_rate"] for row in rows] == [None, pytest.approx(1.0), pytest.approx(0.5), pytest.approx(0.1)]


def test_an_empty_segment_has_no_means(usual: pd.DataFrame) -> None:
    loyal, *_ = profile_segments(usual[60:], fit_segments(usual))
    assert (loyal["customers"], loyal["revenue_share"], loyal["recency"]) == (0, 0.0, None)
