"""schemathesis over the whole documentation, every check on, against a process; and our own mutations of its examples.

`scripts/drill requests` is the long form. What is left out, and why, stands in tests/drills/schemathesis.toml.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from drills.requests_drill import conform, mutate, server_errors
from drills.shop_api import Shop, seeded_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = 1
PER_OPERATION = 15  # of fuzzing; beside them the covering ones, about 40 an operation

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]


@pytest.fixture
def shop(tmp_path: Path, network: None) -> Iterator[Shop]:  # noqa: ARG001 - it opens the network
    with seeded_shop(tmp_path) as seeded:
        yield seeded


def test_every_answer_is_as_documented(shop: Shop, tmp_path: Path) -> None:
    with shop.api(keyed=True) as api:
        conformance = conform(api, tmp_path, per_operation=PER_OPERATION, seed=SEED)
        assert conformance.passed, conformance.report
        assert conformance.requests >= 300
        assert server_errors(api) == []


def test_two_thousand_mutated_examples_are_answered_as_documented(shop: Shop) -> None:
    with shop.api() as api:
        mutated = asyncio.run(mutate(api, shop.customer_ids, requests=2_000, seed=SEED))
        assert not mutated.wrong
        assert mutated.statuses.total() == 2_000
        assert {200, 404, 422} <= set(mutated.statuses)
        assert server_errors(api) == []
