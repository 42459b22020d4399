"""The seeder's settings, from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retention.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """Where the database is, how long to wait for it, and what the shop says about itself."""

    mongo_uri: str
    db_name: str
    mongo_wait_s: int
    time_zone: str | None = None  # None: the shop's, as stored
    currency: str | None = None
    keep_references: bool = True
    identity_key: bytes | None = field(default=None, repr=False)  # turns text ids into numbers

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, database: bool = True) -> Settings:
        """Return the settings; BadConfigurationError names every invalid variable.

        Without `database`, MONGO_URI may be missing: it is empty then.
        """
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI", None if database else ""),
            db_name=reader.database_name(),
            mongo_wait_s=reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600),
            time_zone=reader.time_zone(),
            currency=reader.currency(),
            keep_references=reader.keep_references(),
            identity_key=reader.identity_key(),
        )
        reader.finish()
        return settings
