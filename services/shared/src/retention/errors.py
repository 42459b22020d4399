"""All expected errors. Jobs exit with `exit_code` (sysexits where one fits); the API maps types to statuses."""


class RetentionError(Exception):
    """An error for a person to act on: the message names what is wrong and the next step."""

    exit_code = 1


class GateRefusedError(RetentionError):
    """The challenger is not good enough to go live."""

    exit_code = 3


class NotEnoughDataError(RetentionError):
    """There is too little data to train on."""

    exit_code = 4


class BadDataError(RetentionError):
    """The input as a whole is unreadable."""

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
    """The file system or the database denies this user the operation."""

    exit_code = 77


class BadConfigurationError(RetentionError):
    """A setting is missing or invalid."""

    exit_code = 78


class StoppedError(RetentionError):
    """The job was stopped by SIGTERM, after finishing its current step."""

    exit_code = 143


class BundleRefusedError(RetentionError):
    """A model bundle fails a check: signature, hashes, content or golden predictions."""


class NoChampionError(RetentionError):
    """There is no champion, or none to roll back to."""


class CustomerNotFoundError(RetentionError):
    """The customer has no transactions."""


class NoOrdersError(RetentionError):
    """The customer has transactions but no order before `as_of`."""
