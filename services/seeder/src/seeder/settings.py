"""The seeder's settings, from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retention.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """Where the database is, and how long to wait for it."""

    mongo_uri: str
    db_name: str
    mongo_wait_s: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings; BadConfigurationError names every invalid variable."""
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI"),
            db_name=reader.database_name(),
            mongo_wait_s=reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600),
        )
        reader.finish()
        return settings
