"""Shops to learn from: an invented one, and the real one where its file stands beside the checkout."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pymongo
import pytest
from online_retail import FILE

from seeder.__main__ import main as seed
from trainer.settings import Settings
from trainer.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"t" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Shop(NamedTuple):
    """A seeded database."""

    mongo_uri: str
    db_name: str

    def settings(self, models_dir: Path) -> Settings:
        key_file = models_dir.parent / "signing_key"
        key_file.write_bytes(KEY)
        return Settings(self.mongo_uri, self.db_name, 5, models_dir, key_file, "3f9c2ab" + "0" * 33)


def seeded(mongo_uri: str, arguments: list[str]) -> Iterator[Shop]:
    name = f"shop_{uuid.uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONGO_URI", mongo_uri)
        patch.setenv("DB_NAME", name)
        assert seed(arguments) == 0
    yield Shop(mongo_uri, name)
    with pymongo.MongoClient[dict[str, object]](mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="session")
def invented_shop(mongo_uri: str) -> Iterator[Shop]:
    """The default data of scripts/up."""
    yield from seeded(mongo_uri, ["synthetic"])


@pytest.fixture(scope="session")
def real_shop(mongo_uri: str) -> Iterator[Shop]:
    """The real Online Retail."""
    yield from seeded(mongo_uri, ["load", str(FILE)])


@pytest.fixture
def store(invented_shop: Shop) -> Iterator[Store]:
    with open_store(invented_shop.mongo_uri, invented_shop.db_name, wait_s=5) as opened:
        yield opened
