"""Samples that stay small."""

from __future__ import annotations

import pytest

from seeder.look.samples import Distinct, Numbers


def test_distinct_keys_are_counted_exactly_up_to_the_limit() -> None:
    keys = Distinct[None](limit=100)
    for key in [*range(100), *range(100)]:
        keys.add(str(key), None)
    assert keys.count == 100


@pytest.mark.parametrize("form", ["{}", "#{}", "CA-2016-{}", "{:09d}", "{}@fernhill.example"])
def test_consecutive_numbers_beyond_the_limit_are_sampled_without_bias(form: str) -> None:
    keys = Distinct[int](limit=5_000)
    for number in range(100_000):
        keys.add(form.format(number), number % 3)
    assert keys.count == pytest.approx(100_000, rel=0.05)
    assert 2_500 <= len(keys.kept) <= 5_000
    assert sum(fact == 0 for fact in keys.kept.values()) / len(keys.kept) == pytest.approx(1 / 3, abs=0.03)


def test_the_median_of_a_short_series_is_exact() -> None:
    numbers = Numbers()
    for batch in ([3.0, 1.0], [], [2.0]):
        numbers.add(numbers.due(batch))
    assert numbers.median() == 2.0


def test_the_median_of_a_long_series_is_of_all_its_parts() -> None:
    numbers = Numbers(limit=1_000)
    for start in range(0, 100_000, 7):
        numbers.add(numbers.due([float(number) for number in range(start, start + 7)]))
    assert numbers.median() == pytest.approx(50_000, rel=0.01)


def test_no_numbers_have_no_median() -> None:
    assert Numbers().median() is None
