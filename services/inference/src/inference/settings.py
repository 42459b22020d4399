"""Settings of the API, from environment variables."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from retention.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Clock = Literal["data", "wall"]

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")


_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400}
_LIMIT: Final = re.compile(rf"\s*(\d+)\s*(?:/|per)\s*(\d*)\s*({'|'.join(_SECONDS)})s?\s*", re.ASCII | re.IGNORECASE)


class Limit(NamedTuple):
    """A number of requests per window, and the headers that state it in every answer."""

    requests: int
    window_s: int
    headers: list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Settings:
    """Settings of one process. .env.example describes each variable."""

    mongo_uri: str
    db_name: str
    models_dir: Path
    signing_key_file: Path  # read with each bundle: the API may start before the key exists
    host: str
    port: int
    allowed_hosts: frozenset[str]
    model_poll_s: int
    log_level: str
    git_revision: str
    clock: Clock
    stale_after_days: int
    time_zone: str | None  # None: the shop's, as stored
    currency: str | None
    keep_references: bool
    identity_key: bytes | None  # turns text ids into numbers; None: whole numbers alone can be read
    api_keys_file: Path | None  # None: anyone who reaches the port may do everything
    rate_limit: Limit  # of a key without its own limit, and of an address without a key
    requests_at_once: int
    connections_per_address: int
    trusted_proxies: tuple[str, ...]
    cors_origins: tuple[str, ...]
    id_hash_key: bytes  # the log shows customers as an HMAC under this key
    tracing: bool

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
            time_zone=reader.time_zone(),
            currency=reader.currency(),
            keep_references=reader.keep_references(),
            identity_key=reader.identity_key(),
            api_keys_file=reader.optional_path("API_KEYS_FILE"),
            rate_limit=reader.parsed("RATE_LIMIT", "60000/minute", read_limit),
            requests_at_once=reader.integer("REQUESTS_AT_ONCE", 256, minimum=1, maximum=10_000),
            connections_per_address=reader.integer("CONNECTIONS_PER_ADDRESS", 512, minimum=1, maximum=100_000),
            trusted_proxies=reader.parsed("TRUSTED_PROXIES", "", _proxies),
            cors_origins=reader.parsed("CORS_ORIGINS", "", _origins),
            id_hash_key=reader.secret("ID_HASH_KEY", "").encode() or secrets.token_bytes(32),
            tracing=bool(reader.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")),
        )
        reader.finish()
        return settings


def read_limit(text: str) -> Limit:
    """Return the limit that `text` states, such as 600/minute or 10 per 5 seconds; ValueError for anything else."""
    found = _LIMIT.fullmatch(text)
    requests, windows = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
    if not (found and requests and windows):
        raise ValueError(f"expected one limit such as 600/minute, not {text!r}")
    window_s = windows * _SECONDS[found[3].lower()]
    policy = b'"default";q=%d;w=%d' % (requests, window_s)
    return Limit(requests, window_s, [(b"ratelimit-policy", policy), (b"x-ratelimit-limit", b"%d" % requests)])


def _names(text: str) -> frozenset[str]:
    return frozenset(name.lower() for name in _list(text))


def _list(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _proxies(text: str) -> tuple[str, ...]:
    """Return addresses and networks; a host name or `*` would let anyone claim any address."""
    for proxy in _list(text):
        ip_network(proxy)
    return _list(text)


def _origins(text: str) -> tuple[str, ...]:
    for origin in _list(text):
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is not an origin such as https://shop.example; * is not allowed")
    return _list(text)
