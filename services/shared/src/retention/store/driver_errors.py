"""The driver's errors: which ones may pass, which of our errors they become, and their text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from retention.errors import (
    BadConfigurationError,
    CannotWriteError,
    NotPermittedError,
    RetentionError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MESSAGE: Final = 300  # characters: a message may quote a whole document

# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
DUPLICATE_KEY: Final = 11000
UNAUTHORIZED: Final = 13
AUTHENTICATION_FAILED: Final = 18
_OUT_OF_DISK: Final = 14031
_AWAY: Final = {6, 7, 43, 89, 91, 134, 175, 189, 237, 9001, 10107, 11600, 11601, 11602, 13435, 13436}
_TOO_SLOW: Final = {24, 50, 64, 202, 262}
_REPLACED: Final = {43, 175, 237}  # of a read whose collection was dropped or replaced by a rename
_CONFLICT: Final = 112
_UNTIL_THE_OPERATOR_HELPS: Final = {UNAUTHORIZED, AUTHENTICATION_FAILED, _OUT_OF_DISK}  # not this request's fault
_TRANSIENT: Final = frozenset({*_AWAY, *_TOO_SLOW, _CONFLICT, *_UNTIL_THE_OPERATOR_HELPS})


def is_unauthorized(error: Exception) -> bool:
    """Return whether the server denies this user the operation."""
    return isinstance(error, OperationFailure) and error.code == UNAUTHORIZED


def is_away(error: PyMongoError) -> bool:
    """Return whether the server could not be reached or did not answer in time."""
    return isinstance(error, ConnectionFailure) or error.timeout


def is_replaced(error: OperationFailure) -> bool:
    """Return whether the collection was replaced while it was read: a retry reads the new one."""
    return error.code in _REPLACED


def is_transient(error: OperationFailure) -> bool:
    """Return whether a retry may succeed: after an outage, with more time, or when another writer is done."""
    if error.code == DUPLICATE_KEY:
        return (error.details or {}).get("keyPattern") == {"_id": 1}
    return error.timeout or error.code in _TRANSIENT


def driver_message(error: Exception) -> str:
    """Return the kind of error and its message, at most MAX_MESSAGE characters, without documents or settings."""
    details = (error.details if isinstance(error, OperationFailure) else None) or {}
    message = str(details.get("errmsg", error)).partition(" (configured timeouts")[0]
    return f"{type(error).__name__}: {message}".removesuffix(": ")[:MAX_MESSAGE]


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn the driver's errors into UnavailableError, NotPermittedError, CannotWriteError or RetentionError."""
    try:
        yield
    except PyMongoError as error:
        raise _translated(error) from error


def _translated(error: PyMongoError) -> RetentionError:
    message = driver_message(error)
    if isinstance(error, ConnectionFailure):
        return UnavailableError(f"MongoDB went away: {message}: run the same command again to continue")
    if isinstance(error, OperationFailure) and error.code in {AUTHENTICATION_FAILED, UNAUTHORIZED}:
        return NotPermittedError(f"MongoDB refuses this user: {message}")
    if isinstance(error, OperationFailure) and error.code == _OUT_OF_DISK:
        return CannotWriteError(f"MongoDB is out of disk space: free some and run the same command again: {message}")
    return RetentionError(f"MongoDB: {message}")


@contextmanager
def refused_as(kind: type[RetentionError]) -> Iterator[None]:
    """Raise `kind` when the server refuses for good; errors that may pass are raised unchanged."""
    try:
        yield
    except OperationFailure as error:
        if is_transient(error):
            raise
        raise kind(driver_message(error)) from error


@contextmanager
def uri_errors() -> Iterator[None]:
    """Turn the driver's errors about a URI into BadConfigurationError, without their text: it may hold the password."""
    try:
        yield
    except (PyMongoError, ValueError) as error:
        raise BadConfigurationError(f"MONGO_URI cannot be used: {type(error).__name__} (see .env.example)") from None
