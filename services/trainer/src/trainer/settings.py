"""What the trainer is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retention.errors import BadConfigurationError
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
    signing_key: bytes
    git_revision: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings; BadConfigurationError names every variable that is wrong."""
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI"),
            db_name=reader.text("DB_NAME", "retention"),
            mongo_wait_s=reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600),
            models_dir=reader.path("MODELS_DIR", "models"),
            signing_key=reader.secret("MODEL_SIGNING_KEY").encode(),
            git_revision=reader.text("GIT_REVISION", "unknown"),
        )
        reader.finish()
        if len(settings.signing_key) < 32:  # noqa: PLR2004 - 256 bits, as HMAC-SHA256 wants, in whatever encoding
            raise BadConfigurationError("MODEL_SIGNING_KEY_FILE must hold at least 32 characters (see .env.example)")
        return settings
