"""Collections, fields and indexes: the names every service shares."""

from __future__ import annotations

from typing import Final, TypeAlias

TRANSACTIONS: Final = "transactions"  # one document per line item, as it came in
ORDERS: Final = "orders"  # one per customer, invoice, day and kind (an order or a return)
CUSTOMERS: Final = "customers"  # one per purchasing customer: features as of the clock
LOADS: Final = "loads"  # one per input: what was read, inserted, quarantined
QUARANTINE: Final = "quarantine"  # rows that cannot be understood, with the reason
CLOCK: Final = "clock"  # one document: the instant the features are as of
COLLECTIONS: Final = (TRANSACTIONS, ORDERS, CUSTOMERS, LOADS, QUARANTINE, CLOCK)

CLOCK_ID: Final = "data"

# Published column order; the names come from the systems this one replaces.
LINE_FIELDS: Final = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip

Index: TypeAlias = tuple[str, bool]  # field, sparse
INDEXES: Final[dict[str, tuple[Index, ...]]] = {
    TRANSACTIONS: (("CustomerID", True),),  # a quarter of the lines have no customer: sparse leaves them out
    ORDERS: (("_id.customer_id", False),),
}

# The scheme by which a line's `_id` is made from its content; stored with every load.
ID_SCHEME: Final = "seconds+blake2b64/1"
