"""What the API is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from retention.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Clock = Literal["data", "wall"]


@dataclass(frozen=True)
class Settings:
    """Where the data and the models are, whom to answer, and what a day counts from."""

    mongo_uri: str
    db_name: str
    models_dir: Path
    signing_key_file: Path  # read when a bundle is: the API starts before the first key is made
    host: str
    port: int
    allowed_hosts: frozenset[str]
    model_poll_s: int
    log_level: str
    git_revision: str
    clock: Clock
    stale_after_days: int
    currency: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings; BadConfigurationError names every variable that is wrong."""
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI"),
            db_name=reader.database_name(),
            models_dir=reader.path("MODELS_DIR", "models"),
            signing_key_file=reader.path("MODEL_SIGNING_KEY_FILE"),
            host=reader.text("HOST", "127.0.0.1"),
            port=reader.integer("PORT", 8000, minimum=1, maximum=65535),
            allowed_hosts=_names(reader.text("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")),
            model_poll_s=reader.integer("MODEL_POLL_S", 1, minimum=1, maximum=3600),
            log_level=reader.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            git_revision=reader.text("GIT_REVISION", "unknown"),
            clock=cast("Clock", reader.choice("CLOCK", "data", ("data", "wall"))),
            stale_after_days=reader.integer("STALE_AFTER_DAYS", 7, minimum=0, maximum=36_500),
            currency=reader.text("CURRENCY", "GBP"),
        )
        reader.finish()
        return settings


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())
