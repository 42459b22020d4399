"""The soak drill in short (`scripts/drill soak` is the long form), and that it can fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from drills.shop_api import Shop, seeded_shop
from drills.soak_drill import slope, soak

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROWTH_KB = 10_000  # over 5,000 requests: what is still warming up included
pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]


@pytest.fixture
def shop(tmp_path: Path, network: None) -> Iterator[Shop]:  # noqa: ARG001 - it opens the network
    with seeded_shop(tmp_path) as seeded:
        yield seeded


def grown_kb(shop: Shop, *guards: str) -> int:
    with shop.api(without=guards) as api:
        soaked = asyncio.run(soak(api, shop.customer_ids, requests=5_000, warm_up=1_000))
        assert soaked.statuses.total() == 5_000
        assert set(soaked.statuses) <= {200, 404, 422, 503}
        assert soaked.statuses[503] <= 50, "of a machine that is busy with other things, too"
        assert soaked.threads <= 4
        assert soaked.fds <= 10
        return soaked.samples[-1][1] - soaked.samples[0][1]


def test_five_thousand_requests_of_every_kind_take_no_memory_that_is_not_given_back(shop: Shop) -> None:
    assert grown_kb(shop) <= GROWTH_KB


def test_an_api_that_keeps_something_of_every_request_is_found_out(shop: Shop) -> None:
    assert grown_kb(shop, "no_end_of_memory") > GROWTH_KB


def test_a_slope_is_what_is_gained_per_request_whatever_the_noise() -> None:
    noisy = [(n, 50_000 + 3 * n + (-1) ** n * 100) for n in range(1000)]
    assert slope(noisy) == pytest.approx(3, abs=0.01)
