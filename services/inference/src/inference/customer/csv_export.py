"""Customer lists as CSV (RFC 4180): a header row, CRLF, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from inference.customer.responses import RankedCustomer

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS: Final = tuple(RankedCustomer.__annotations__)
CONTACT: Final = "customer_ref"
MEDIA_TYPE: Final = "text/csv"
_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet reads these as the start of a formula


def csv_text(customers: Iterable[RankedCustomer], *, contacts: bool) -> str:
    """Return the rows in the order of COLUMNS, with CONTACT only if `contacts`.

    Text that starts like a formula gets a leading apostrophe.
    """
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, [name for name in COLUMNS if contacts or name != CONTACT], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in customer.items()} for customer in customers)
    return written.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_COMPUTED) else value
