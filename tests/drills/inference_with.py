"""The API without one of its guards: `inference_with.py GUARD …`.

They are no settings of the product: a drill takes a guard away to see that it would be missed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from inference.__main__ import main
from inference.database import connection
from inference.http import request_log

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

_MINUTE_MS = 60_000
_LEAKED_BYTES = 10_000


def no_deadline() -> None:
    """Let every question to the database take a minute."""
    asking = connection.Connection.asking

    def patiently(self: connection.Connection, *_: Any, **__: Any) -> AbstractAsyncContextManager[None]:
        return asking(self, _MINUTE_MS)

    connection.TIMEOUT_MS = _MINUTE_MS  # type: ignore[misc]
    connection.Connection.asking = patiently  # type: ignore[method-assign,assignment]


def no_end_of_memory() -> None:
    """Keep something of every request."""
    named, kept = request_log._request_id, []

    def leaking(headers: Any) -> str:
        kept.append(bytearray(_LEAKED_BYTES))
        return named(headers)

    request_log._request_id = leaking  # type: ignore[assignment]


GUARDS = {"no_deadline": no_deadline, "no_end_of_memory": no_end_of_memory}

if __name__ == "__main__":
    guards, sys.argv[1:] = sys.argv[1:], []
    for guard in guards:
        GUARDS[guard]()
    sys.exit(main())
