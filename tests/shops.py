"""Shops to learn from and to ask about: an invented one, and the real one where its file stands beside the checkout."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pymongo
import pytest

from seeder.__main__ import main as seed
from trainer.repository import open_store
from trainer.settings import Settings
from trainer.train import train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.repository import Store

KEY = b"t" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Shop(NamedTuple):
    """A seeded database."""

    mongo_uri: str
    db_name: str

    def settings(self, models_dir: Path) -> Settings:
        """Return the trainer's settings; the key lies beside the models."""
        key_file = models_dir.parent / "signing_key"
        key_file.write_bytes(KEY)
        return Settings(self.mongo_uri, self.db_name, 5, models_dir, key_file, "3f9c2ab" + "0" * 33)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the trainer's side of it."""
        with open_store(self.mongo_uri, self.db_name, wait_s=5) as store:
            yield store

    def train(self, models_dir: Path) -> str:
        """Publish models of it and return their version."""
        with self.store() as store:
            settings = self.settings(models_dir)
            return train(store, settings, now=NOW, horizon_days=90, force=False, say=str).version


@contextmanager
def seeded(mongo_uri: str, *arguments: str) -> Iterator[Shop]:
    """Seed a database of its own, and drop it afterwards."""
    name = f"shop_{uuid.uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONGO_URI", mongo_uri)
        patch.setenv("DB_NAME", name)
        assert seed(arguments) == 0
    yield Shop(mongo_uri, name)
    with pymongo.MongoClient[dict[str, object]](mongo_uri) as client:
        client.drop_database(name)
