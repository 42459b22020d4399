"""What the trainer is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retention.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where the data is, where the models go, and the key that signs them."""

    mongo_uri: str
    db_name: str
    mongo_wait_s: int
    models_dir: Path
    signing_key_file: Path
    git_revision: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings; BadConfigurationError names every variable that is wrong."""
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI"),
            db_name=reader.database_name(),
            mongo_wait_s=reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600),
            models_dir=reader.path("MODELS_DIR", "models"),
            signing_key_file=reader.path("MODEL_SIGNING_KEY_FILE"),
            git_revision=reader.text("GIT_REVISION", "unknown"),
        )
        reader.finish()
        return settings
