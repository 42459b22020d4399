"""The schedule and the quantiles of scripts/load."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from load.arrivals import quantile, schedule, summary


def test_a_schedule_has_its_rate_is_poisson_and_the_same_for_the_same_seed() -> None:
    due = list(islice(schedule(100, 1), 50_000))
    gaps = [later - earlier for earlier, later in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.01, rel=0.02)
    assert deviation == pytest.approx(mean, rel=0.03)
    assert due == list(islice(schedule(100, 1), 50_000))
    assert due[0] != next(schedule(100, 2))


def test_quantiles_are_values_that_were_measured() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert [quantile(ordered, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert quantile([7.0], 0.99) == 7


def test_a_p999_of_few_requests_is_not_told() -> None:
    few, many = summary("x", [1.0] * 9_999, 0), summary("x", [1.0] * 9_990 + [50.0] * 20, 3)
    assert few.p999 is None
    assert (many.p999, many.p99, many.slowest, many.failures) == (50.0, 1.0, 50.0, 3)
    assert "p99.9" in str(many)
    assert "p99.9" not in str(few)
