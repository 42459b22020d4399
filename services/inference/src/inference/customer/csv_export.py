"""Customer lists as CSV (RFC 4180): a header row, CRLF, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from inference.customer.responses import RankedCustomer

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTACT: Final = "customer_ref"
COLUMNS: Final = tuple(name for name in RankedCustomer.__annotations__ if name != CONTACT)
MEDIA_TYPE: Final = "text/csv"
_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet reads these as the start of a formula


def csv_text(customers: Sequence[RankedCustomer]) -> str:
    """Return the rows in the order of COLUMNS, after them CONTACT if they have it.

    Text that starts like a formula gets a leading apostrophe.
    """
    columns = (*COLUMNS, CONTACT) if any(CONTACT in each for each in customers) else COLUMNS
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in customer.items()} for customer in customers)
    return written.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_COMPUTED) else value
