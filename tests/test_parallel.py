"""Tests that share an expensive fixture stay on one worker."""

from __future__ import annotations

import os

import pytest
from parallel import SHOPS, shared_group


@pytest.fixture(scope="module")
def shared() -> str:
    return "made once"


@pytest.mark.usefixtures("shared")
def test_a_test_with_a_module_fixture_is_in_the_group_of_its_file(request: pytest.FixtureRequest) -> None:
    assert shared_group(request.node) == "tests/test_parallel.py"


@pytest.mark.parametrize("shop", SHOPS)
def test_a_shop_that_a_parameter_names_is_the_group(request: pytest.FixtureRequest, shop: str) -> None:
    assert shared_group(request.node) == shop


def test_a_test_that_shares_nothing_has_no_group(request: pytest.FixtureRequest) -> None:
    assert shared_group(request.node) is None


@pytest.mark.usefixtures("shared")
def test_the_group_reaches_the_scheduler(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("these tests run in one process")
    assert request.node.nodeid.endswith("@tests/test_parallel.py")
