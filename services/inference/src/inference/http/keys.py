"""API keys: a file with one line per key, which holds only the key's hash. `#` starts a comment.

    NAME  SCOPES  SHA-256 of the key, in hex  [LIMIT]
shop  read,write  9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  600/minute
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from hashlib import sha256
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from inference.settings import Limit, read_limit
from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

SCOPES: Final = ("read", "write", "admin")  # each includes the ones before
CONTACTS: Final = "contacts"  # customers' e-mails and text ids, besides read; no other scope includes it
ALL_SCOPES: Final = ("read", CONTACTS, "write", "admin")
KEY_BYTES: Final = 32
CHECK_EVERY_S: Final = 1.0
_NAME: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_NAMES: Final = "a name is 1 to 64 letters, digits, '.', '_' or '-'"
_FIELDS: Final = range(3, 5)


class Key(NamedTuple):
    """One line of the key file."""

    name: str
    rank: int  # index in SCOPES of its highest scope
    digest: bytes
    limit: Limit | None = None  # None: RATE_LIMIT
    contacts: bool = False


class KeyFile:
    """The keys of `path`, checked at most once a second and read again when the file changes.

    If a changed file cannot be read, the previous keys stay and one error is logged. Raises BadConfigurationError when
    the first file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._keys = read_keys(path)
        self._check_at = monotonic() + CHECK_EVERY_S

    def holder(self, given: bytes) -> Key | None:
        """Return the key that matches `given`, or None, in constant time.

        Keys are 256 random bits, so a plain SHA-256 (1 µs) cannot be reversed by guessing, unlike that of a password.
        """
        if monotonic() >= self._check_at:
            self._check()
        digest, found = sha256(given).digest(), None
        for key in self._keys:
            if compare_digest(key.digest, digest):
                found = key
        return found

    def _check(self) -> None:
        self._check_at = monotonic() + CHECK_EVERY_S
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._path)
        except BadConfigurationError as error:
            logger.error("%s; the previous keys stay", error)  # noqa: TRY400 - one line is enough
        else:
            logger.info("keys reloaded", extra={"keys": len(self._keys)})


def read_keys(path: Path) -> list[Key]:
    """Return the keys of `path`; BadConfigurationError names an invalid line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it is not text")
        raise BadConfigurationError(f"API_KEYS_FILE: cannot read {path}: {reason}") from None
    keys: dict[str, Key] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = _read_key(line)
            if key.name in keys:
                raise ValueError("an earlier line has the same name")  # noqa: TRY301 - one way out
        except ValueError as error:
            raise BadConfigurationError(f"API_KEYS_FILE: line {number} of {path}: {error}") from None
        keys[key.name] = key
    if not keys:
        logger.warning(
            "API_KEYS_FILE has no key, so every request is refused: make one with 'python -m inference key NAME'"
        )
    return list(keys.values())


def _read_key(line: str) -> Key:
    """Return the key of a line; ValueError, which never repeats a possible key, when it is invalid."""
    fields = line.split(maxsplit=3)
    if len(fields) not in _FIELDS:
        raise ValueError("expected NAME SCOPES SHA-256 [LIMIT]")
    name, scopes, digest = fields[:3]
    if not _NAME.fullmatch(name):
        raise ValueError(_NAMES)
    rank = rank_of(scopes)
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("the third field is not a SHA-256 in 64 hex digits: see python -m inference key --help")
    try:
        limit = read_limit(fields[3]) if fields[3:] else None
        return Key(name, rank, bytes.fromhex(digest), limit, contacts=CONTACTS in scopes.split(","))
    except ValueError:
        raise ValueError("the fourth field is not a limit such as 600/minute") from None


def rank_of(scopes: str) -> int:
    """Return the index in SCOPES of the highest of these scopes, contacts aside; ValueError for an unknown one."""
    names = scopes.split(",")
    if not set(names) <= set(ALL_SCOPES):
        raise ValueError(f"scopes are {', '.join(ALL_SCOPES)}, separated by commas without spaces")
    return max((SCOPES.index(name) for name in names if name != CONTACTS), default=0)


def make_key(name: str, scopes: str, limit: str = "") -> tuple[str, str]:
    """Return a new key and its line for the key file; ValueError for an invalid field."""
    if not _NAME.fullmatch(name):
        raise ValueError(_NAMES)
    key = secrets.token_urlsafe(KEY_BYTES)
    line = f"{name} {scopes} {sha256(key.encode()).hexdigest()} {limit}".rstrip()
    _read_key(line)
    return key, line


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - once a second, between requests: half the time of Path.stat
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
