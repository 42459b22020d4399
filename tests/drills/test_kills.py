"""The kill drill in short (`scripts/drill kills` is the long form), and that it can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from drills.kill_drill import drill
from drills.seeding import invented_input, replacing_input
from drills.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drills.server import Server

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

SEED = 1  # of where to kill; what a kill hits differs all the same


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "mongo") as one:
        yield one


def test_killed_twelve_times_every_row_is_there_once_and_accounted_for(server: Server, tmp_path: Path) -> None:
    tally = drill(server, invented_input(tmp_path, 40_000, 1_000), kills=12, seed=SEED)
    assert tally.kills.total() == 12
    assert not tally.faults


def test_killed_twelve_times_every_order_is_replaced_whole_and_readers_never_see_half(
    server: Server, tmp_path: Path
) -> None:
    tally = drill(server, replacing_input(tmp_path, 20_000, 500), kills=12, seed=SEED)
    assert tally.kills.total() == 12
    assert not tally.faults


def test_without_the_journal_the_same_drill_sees_rows_lost(server: Server, tmp_path: Path) -> None:
    tally = drill(server, invented_input(tmp_path, 40_000, 1_000), kills=10, seed=SEED, journaled=False)
    assert tally.lost > 0
