"""The swap drill in short (`scripts/drill swaps` is the long form), and that it can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from drills.bad_bundles import KINDS
from drills.swap_drill import drill, swapping

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

SEED = 1
RATE_PER_S = 50  # what a busy machine is too slow for is not what is asked here


def test_champions_move_and_bad_ones_come_and_no_request_fails_or_mixes_two(tmp_path: Path) -> None:
    with swapping(tmp_path) as (api, registry):
        tally = drill(api, registry, swaps=20, bad=len(KINDS), seed=SEED, rate_per_s=RATE_PER_S)
    assert not tally.faults
    assert (tally.swaps, len(tally.bad)) == (20, len(KINDS))
    assert len(tally.versions) > 10


def test_an_api_that_believes_every_bundle_is_found_out(tmp_path: Path) -> None:
    with swapping(tmp_path, trusting=True) as (api, registry):
        tally = drill(api, registry, swaps=2, bad=len(KINDS), seed=SEED, rate_per_s=RATE_PER_S)
    assert tally.of_bad > 0
    assert tally.uncounted
