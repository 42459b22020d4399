"""Hold all writes to MongoDB while the standard input is open, so that its files can be copied. Reads go on.

Prints `held` once every acknowledged write is in the files. Ends with 0 when the input was closed in time, and with 75
when the writes had to be released before: the copy is then useless. A killed run releases nothing, so each run begins
by releasing what an earlier one left. With an empty input it does nothing else.
"""  # noqa: INP001 - a script, run by its path

from __future__ import annotations

import argparse
import logging
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pymongo.errors import OperationFailure, PyMongoError

from retention.errors import RetentionError, UnavailableError
from retention.logs import configure_logs
from retention.store.connection import open_client

if TYPE_CHECKING:
    from types import FrameType

    from retention.store.connection import Client

_NOT_HELD: Final = "not locked"  # MongoDB 6 gives no code for it
_TOO_LONG: Final = 75

logger = logging.getLogger("hold_writes")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--uri-file", type=Path, required=True, metavar="FILE", help="the admin's address of MongoDB")
    parser.add_argument("--at-most", type=float, default=60.0, metavar="SECONDS", help="release them after this (60)")
    options = parser.parse_args()
    configure_logs(os.environ.get("LOG_LEVEL", "info"))
    signal.signal(signal.SIGTERM, _end)
    try:
        return hold_writes(options.uri_file.read_text(encoding="ascii").strip(), at_most_s=options.at_most)
    except (RetentionError, PyMongoError, OSError) as error:
        logger.error("the writes cannot be held: %s", error)  # noqa: TRY400 - the message says it all
        return UnavailableError.exit_code


def hold_writes(uri: str, *, at_most_s: float) -> int:
    """Hold the writes until the standard input ends; return 0, or 75 if that takes longer than `at_most_s`."""
    with open_client(uri, appname="hold_writes", directConnection=True, serverSelectionTimeoutMS=5000) as client:
        _release(client)
        begun = time.monotonic()
        try:
            client.admin.command("fsync", lock=True)
            print("held", flush=True)  # noqa: T201 - for the program that copies
            ended = _input_ends(within_s=at_most_s)
        finally:
            _release(client)
        logger.info("writes were held for %.1f s", time.monotonic() - begun)
    return 0 if ended else _TOO_LONG


def _release(client: Client) -> None:
    """Unlock as often as it was locked."""
    try:
        while client.admin.command("fsyncUnlock")["lockCount"]:
            pass
    except OperationFailure as error:
        if _NOT_HELD not in str(error):
            raise


def _input_ends(*, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while select.select([sys.stdin], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not os.read(sys.stdin.fileno(), 4096):
            return True
    return False


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(_TOO_LONG)


if __name__ == "__main__":
    sys.exit(main())
