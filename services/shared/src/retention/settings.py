"""Settings from environment variables, with every problem in one message; secrets may come from `NAME_FILE`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


MIN_KEY_BYTES = 32

N = TypeVar("N", int, float)
T = TypeVar("T")


class SettingsReader:
    """Reads typed settings and collects problems; `finish` raises them all in one error that names the variables."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Return the variable or its default; without either, '' and a problem."""
        value = self._environ.get(name, "").strip() or default
        if value is None:
            self._problems.append(f"{name} is not set")
            return ""
        return value

    def secret(self, name: str, default: str | None = None) -> str:
        """Return the variable, or else the content of the file named by `NAME_FILE`."""
        file = self._environ.get(f"{name}_FILE", "").strip()
        if not file or self._environ.get(name, "").strip():
            return self.text(name, default)
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._problems.append(f"{name}_FILE: cannot read {file}: {getattr(error, 'strerror', 'it is not text')}")
            return ""
        if not secret:
            self._problems.append(f"{name}_FILE: {file} is empty")
        return secret

    def path(self, name: str, default: str | None = None) -> Path:
        """Return the variable as a path, which need not exist."""
        return Path(self.text(name, default))

    def optional_path(self, name: str) -> Path | None:
        """Return the variable as a path, or None when it is not set."""
        value = self._environ.get(name, "").strip()
        return Path(value) if value else None

    def database_name(self) -> str:
        """Return DB_NAME, which must be a valid database name in MongoDB."""
        name = self.text("DB_NAME", "retention")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,38}", name):
            self._problems.append(f"DB_NAME must be 1 to 38 letters, digits, - or _, not {name!r}")
        return name

    def time_zone(self) -> str | None:
        """Return TIME_ZONE, an IANA name; None when it is not set."""
        name = self.text("TIME_ZONE", "")
        if name and not _is_zone(name):
            self._problems.append(f"TIME_ZONE must be an IANA name such as Europe/Berlin, not {name!r}")
        return name or None

    def currency(self) -> str | None:
        """Return CURRENCY, an ISO 4217 code in upper case; None when it is not set."""
        code = self.text("CURRENCY", "").upper()
        if code and not is_currency(code):
            self._problems.append(f"CURRENCY must be an ISO 4217 code such as EUR, not {code!r}")
        return code or None

    def keep_references(self) -> bool:
        """Return whether KEEP_REFERENCES lets customers' e-mails and text ids be stored."""
        return self.choice("KEEP_REFERENCES", "yes", ("yes", "no")) == "yes"

    def identity_key(self) -> bytes | None:
        """Return IDENTITY_KEY, which turns text ids into numbers; None when it is not set."""
        key = self.secret("IDENTITY_KEY", "").encode()
        if key and len(key) < MIN_KEY_BYTES:
            self._problems.append(f"IDENTITY_KEY must have at least {MIN_KEY_BYTES} characters")
        return key or None

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        """Return a whole number within [minimum, maximum]."""
        return self._within(name, default, minimum, maximum, int, "a whole number")

    def number(self, name: str, default: float, *, minimum: float, maximum: float) -> float:
        """Return a number within [minimum, maximum]."""
        return self._within(name, default, minimum, maximum, float, "a number")

    def _within(self, name: str, default: N, minimum: N, maximum: N, read: Callable[[str], N], what: str) -> N:
        value = self.text(name, str(default))
        try:
            number = read(value)
        except ValueError:
            self._problems.append(f"{name} must be {what}, not {value!r}")
            return default
        if not minimum <= number <= maximum:  # refuses NaN
            self._problems.append(f"{name} must be from {minimum:g} to {maximum:g}, not {value}")
            return default
        return number

    def parsed(self, name: str, default: str, read: Callable[[str], T]) -> T:
        """Return `read` of the variable; a ValueError from `read` becomes a problem."""
        value = self.text(name, default)
        try:
            return read(value)
        except ValueError as error:
            self._problems.append(f"{name} is invalid: {error}")
            return read(default)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`."""
        value = self.text(name, default)
        if value not in choices:
            self._problems.append(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def finish(self) -> None:
        """Raise BadConfigurationError if there were problems."""
        if self._problems:
            raise BadConfigurationError("; ".join(self._problems) + " (see .env.example)")


def is_currency(code: str) -> bool:
    """Return whether `code` has the form of an ISO 4217 code: three capital letters."""
    return re.fullmatch("[A-Z]{3}", code) is not None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a path, a folder of zones
        return False
    return True
