"""One tree of errors. Jobs end with `exit_code` (sysexits where one fits); the API maps the same types to statuses."""


class RetentionError(Exception):
    """Something a person has to know about; the message names the thing and the next step."""

    exit_code = 1


class GateRefusedError(RetentionError):
    """The challenger is not good enough to go live."""

    exit_code = 3


class NotEnoughDataError(RetentionError):
    """There is too little to learn from."""

    exit_code = 4


class BadDataError(RetentionError):
    """The input as a whole cannot be understood."""

    exit_code = 65


class NoInputError(RetentionError):
    """The input does not exist."""

    exit_code = 66


class UnavailableError(RetentionError):
    """A dependency does not answer."""

    exit_code = 69


class CannotWriteError(RetentionError):
    """The disk is full or read-only."""

    exit_code = 73


class LockedError(RetentionError):
    """Another run holds the lock; try later."""

    exit_code = 75


class NotPermittedError(RetentionError):
    """The user, on the file system or in the database, may not do this."""

    exit_code = 77


class BadConfigurationError(RetentionError):
    """A setting is missing or cannot be used."""

    exit_code = 78


class StoppedError(RetentionError):
    """A SIGTERM arrived; what was under way was finished."""

    exit_code = 143


class BundleRefusedError(RetentionError):
    """A model bundle is not what its signature, hashes or golden predictions promise."""


class NoChampionError(RetentionError):
    """No model has been promoted yet."""


class CustomerNotFoundError(RetentionError):
    """No transaction of this customer is known."""


class NoOrdersError(RetentionError):
    """The customer is known and has placed no order before the instant asked about."""
