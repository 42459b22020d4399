"""Exceptions of the API. Only `http/problems.py` maps them to status codes."""

from __future__ import annotations

from retention.errors import RetentionError


class BusyError(RetentionError):
    """No place became free in time; nothing was done for the request."""


class ScoresMissingError(RetentionError):
    """Customers exist, but none has been scored yet."""


class VersionNotFoundError(RetentionError):
    """No version of this name is published."""


class UnfitVersionError(RetentionError):
    """The version exists but cannot answer. `errors` gives the reason, without paths."""

    code: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.errors = [{"pointer": "#/version", "code": self.code, "detail": reason}]


class VersionRefusedError(UnfitVersionError):
    """The version is not sound; the champion stays."""

    code = "version_refused"


class NotVerifiableError(UnfitVersionError):
    """The version, or the key that signs it, cannot be read now; the champion stays."""

    code = "not_verifiable"


class ChampionNotLoadedError(UnfitVersionError):
    """The champion cannot be loaded here; the previous model keeps answering."""

    code = "champion_not_loaded"


class KeyReusedError(RetentionError):
    """The same Idempotency-Key came with another body."""


class InProgressError(RetentionError):
    """The first request with this Idempotency-Key has not finished."""


class OtherIdsError(RetentionError):
    """The stored lines have ids of another version: every line would be inserted twice."""


class NotStoredError(RetentionError):
    """The database refuses lines or quarantined rows of this request; some of them may be stored."""


class NotDerivableError(RetentionError):
    """The lines are stored, but the database refuses what is derived from them."""


class NoIdentityKeyError(RetentionError):
    """A customer's text id cannot be read here: the key that turns it into a number is not set."""


class InvalidFormError(RetentionError):
    """The page's form cannot be answered. `field` is the field to change, if there is one."""

    def __init__(self, status: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.field = field
