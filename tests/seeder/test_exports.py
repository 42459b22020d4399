"""Exports of shops that are known to the cent, loaded the way people do: every row counted, every figure the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exports.loaded import NAMES, run
from exports.stories import STORIES

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

KINDS = len(NAMES) * len(STORIES)  # every format with every story, once


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)
    monkeypatch.setenv("IDENTITY_KEY", "a key that this test alone has, of 40 letters")


@pytest.mark.parametrize("story", range(len(STORIES)), ids=[story.__name__ for story in STORIES])
def test_every_figure_is_the_truth_to_the_cent(tmp_path: Path, database: Database[dict[str, Any]], story: int) -> None:
    for platform in range(len(NAMES)):
        run(database, tmp_path, story * len(NAMES) + platform)


@pytest.mark.drill
def test_so_it_is_for_more_shops_of_every_kind(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    for seed in range(KINDS, 3 * KINDS):  # scripts/drill exports: 1,000 of them
        run(database, tmp_path, seed)
