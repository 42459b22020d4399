"""Turns any failure to read a file into one message."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError, NoInputError, NotPermittedError, RetentionError
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN: Final = 200  # characters of the parser's own message


@contextmanager
def damage_refused(name: str, kind: str) -> Iterator[None]:
    """Raise BadDataError for whatever a parser raises inside: `name` is the file, `kind` what it should be.

    zipfile, openpyxl and pyarrow answer damage with a dozen exception types, and a new version may add one.
    """
    try:
        yield
    except (RetentionError, PermissionError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        reason = printable(" ".join(f"{type(error).__name__}: {error}".split()))[:_SHOWN]
        raise BadDataError(f"{name}: truncated or damaged {kind}: get a new copy of it: {reason}") from None


@contextmanager
def unreadable_refused(name: object) -> Iterator[None]:
    """Raise NotPermittedError or NoInputError when the file system refuses to open or read `name` inside."""
    try:
        yield
    except PermissionError:
        raise NotPermittedError(f"{name}: not readable by this user: change its permissions") from None
    except OSError as error:
        raise NoInputError(f"{name}: cannot be read: {error.strerror or error}") from None
