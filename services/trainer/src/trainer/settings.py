"""The trainer's settings, read from environment variables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from retention.settings import SettingsReader
from trainer.churn.threshold import POLICIES, ThresholdPolicy
from trainer.segments.descriptions import DEFAULT_SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.churn.threshold import PolicyName


@dataclass(frozen=True)
class Settings:
    """Database, models folder, signing key, threshold policy and segments."""

    mongo_uri: str
    db_name: str
    mongo_wait_s: int
    models_dir: Path
    signing_key_file: Path
    git_revision: str
    threshold: ThresholdPolicy = field(default_factory=ThresholdPolicy)
    segments: int = DEFAULT_SEGMENTS
    segments_file: Path | None = None  # default: segments.yaml of this package
    currency: str = "GBP"
    stated_currency: str | None = None  # None: the shop's, as stored

    def in_currency(self, currency: str) -> Settings:
        """Return the settings with amounts in this currency."""
        return replace(self, currency=currency, threshold=replace(self.threshold, currency=currency))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings; BadConfigurationError lists every invalid variable."""
        reader = SettingsReader(environ)
        settings = cls(
            mongo_uri=reader.secret("MONGO_URI"),
            db_name=reader.database_name(),
            mongo_wait_s=reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600),
            models_dir=reader.path("MODELS_DIR", "models"),
            signing_key_file=reader.path("MODEL_SIGNING_KEY_FILE"),
            git_revision=reader.text("GIT_REVISION", "unknown"),
            threshold=_threshold(reader),
            segments=reader.integer("SEGMENTS", DEFAULT_SEGMENTS, minimum=2, maximum=9),
            segments_file=reader.optional_path("SEGMENTS_FILE"),
            currency=reader.currency() or "GBP",
            stated_currency=reader.currency(),
        )
        reader.finish()
        return settings


def _threshold(reader: SettingsReader) -> ThresholdPolicy:
    default = ThresholdPolicy()
    return ThresholdPolicy(
        name=cast("PolicyName", reader.choice("THRESHOLD_POLICY", default.name, POLICIES)),
        recall=reader.number("THRESHOLD_RECALL", default.recall, minimum=0.01, maximum=1),
        contact_cost=reader.number("CONTACT_COST", default.contact_cost, minimum=0, maximum=1e9),
        margin=reader.number("MARGIN", default.margin, minimum=0.01, maximum=1e9),
        save_rate=reader.number("SAVE_RATE", default.save_rate, minimum=0.0001, maximum=1),
        currency=reader.currency() or default.currency,
    )
