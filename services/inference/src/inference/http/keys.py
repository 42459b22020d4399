"""Who may ask what: a file of keys, of which only the hashes are kept.

One line per key, `#` begins a comment:

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

from inference.http.rate_limit import Limit, read_limit
from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

SCOPES: Final = ("read", "write", "admin")  # each may do what those before it may
KEY_BYTES: Final = 32
LOOK_EVERY_S: Final = 1.0
_NAME: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_NAMES: Final = "a name is 1 to 64 letters, digits, '.', '_' or '-'"
_FIELDS: Final = range(3, 5)


class Key(NamedTuple):
    """A key's line."""

    name: str
    rank: int  # of the highest of its scopes, in SCOPES
    digest: bytes
    limit: Limit | None = None  # None: the limit of all


class KeyFile:
    """The keys of `path`: looked at once a second at most, and read anew when it was written or replaced.

    A new file that cannot be read leaves the keys as they were, with one error in the log. Raises
    BadConfigurationError when the first one cannot be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._keys = read_keys(path)
        self._look_at = monotonic() + LOOK_EVERY_S

    def holder(self, given: bytes) -> Key | None:
        """Return the key that `given` is, or None; it takes as long whichever it is, and whether it is any.

        Keys are 256 random bits: a plain SHA-256 cannot be turned back by trying, as it could for a password, and
        costs 1 µs where a password's hash is made to cost 100 ms.
        """
        if monotonic() >= self._look_at:
            self._look()
        digest, found = sha256(given).digest(), None
        for key in self._keys:
            if compare_digest(key.digest, digest):
                found = key
        return found

    def _look(self) -> None:
        self._look_at = monotonic() + LOOK_EVERY_S
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._path)
        except BadConfigurationError as error:
            logger.error("%s; the keys from before stay", error)  # noqa: TRY400 - one line is enough
        else:
            logger.info("read the keys anew", extra={"keys": len(self._keys)})


def read_keys(path: Path) -> list[Key]:
    """Return the keys of `path`; BadConfigurationError names the line that is none."""
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
                raise ValueError("the name is taken by a line above")  # noqa: TRY301 - one way out
        except ValueError as error:
            raise BadConfigurationError(f"API_KEYS_FILE: line {number} of {path}: {error}") from None
        keys[key.name] = key
    if not keys:
        logger.warning("there is no key in API_KEYS_FILE: nobody may ask; 'python -m inference key --help' makes one")
    return list(keys.values())


def _read_key(line: str) -> Key:
    """Return the key of a line; ValueError, which repeats nothing that could be a key, when it is not one."""
    fields = line.split(maxsplit=3)
    if len(fields) not in _FIELDS:
        raise ValueError("it takes NAME SCOPES SHA-256 [LIMIT]")
    name, scopes, digest = fields[:3]
    if not _NAME.fullmatch(name):
        raise ValueError(_NAMES)
    rank = rank_of(scopes)
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("the third field is not a SHA-256 in 64 hex digits: see python -m inference key --help")
    try:
        return Key(name, rank, bytes.fromhex(digest), read_limit(fields[3]) if fields[3:] else None)
    except ValueError:
        raise ValueError("the fourth field is not a limit such as 600/minute") from None


def rank_of(scopes: str) -> int:
    """Return the place in SCOPES of the highest of these; ValueError when one is unknown."""
    names = scopes.split(",")
    if not set(names) <= set(SCOPES):
        raise ValueError(f"scopes are {', '.join(SCOPES)}, with commas and no spaces")
    return max(map(SCOPES.index, names))


def make_key(name: str, scopes: str, limit: str = "") -> tuple[str, str]:
    """Return a new key, and the line that lets it in; ValueError when a field cannot be used."""
    if not _NAME.fullmatch(name):
        raise ValueError(_NAMES)
    key = secrets.token_urlsafe(KEY_BYTES)
    line = f"{name} {scopes} {sha256(key.encode()).hexdigest()} {limit}".rstrip()
    _read_key(line)
    return key, line


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - once a second beside requests: half the time of Path.stat
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
