"""Collections, fields and indexes: the names every service shares."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

TRANSACTIONS: Final = "transactions"  # one document per line item, as it came in
ORDERS: Final = "orders"  # one per customer, invoice, day and kind (order or return)
CUSTOMERS: Final = "customers"  # one per purchasing customer: features as of the clock
LOADS: Final = "loads"  # one per file, invented shop or request: its state and its account
QUARANTINE: Final = "quarantine"  # rows that cannot be understood, with the reason
CLOCK: Final = "clock"  # the instant the features are as of, and the last revision taken
SCORES: Final = "scores"  # one per customer, by the champion; replaced as a whole when the champion moves
NEXT_SCORES: Final = "scores_next"  # new scores in the making; renamed to `scores` when complete
SUPERSEDED: Final = "superseded"  # lines that an order replaced, by the load that replaced them
INTENTS: Final = "intents"  # one per chunk of replaced orders, until its customers are derived
SEQUENCES: Final = "sequences"  # one per load of whole orders: its number, as in a line's `Load`, and its last day
GONE: Final = "gone"  # ids of derived documents that were deleted lately; see store/departed.py
REFERENCES: Final = "references"  # the text of each person's id, by number
SHOP: Final = "shop"  # one: time zone, currency, rules
COLLECTIONS: Final = (
    TRANSACTIONS, ORDERS, CUSTOMERS, LOADS, QUARANTINE, CLOCK,
    SUPERSEDED, INTENTS, SEQUENCES, GONE, REFERENCES, SHOP,
)  # fmt: skip

SHOP_ID: Final = "shop"
CLOCK_ID: Final = "data"  # {as_of}
# {revision, as_of: of the last derivation of all customers, sequence: of the last load of whole orders, clearing and
# cleared: equal except during a deletion}
REFRESH_ID: Final = "refresh"  # never deleted; its counters never fall

# Published column order; the names come from the systems this one replaces.
LINE_FIELDS: Final = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip


class Index(NamedTuple):
    """Ascending fields; with `present`, only documents that have this field are indexed.

    With `expires`, MongoDB deletes a document at the instant in its field.
    """

    fields: tuple[str, ...]
    present: str | None = None
    expires: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of createIndex."""
        partial = {"partialFilterExpression": {self.present: {"$exists": True}}} if self.present else {}
        return partial | ({"expireAfterSeconds": 0} if self.expires else {})


INDEXES: Final[dict[str, tuple[Index, ...]]] = {
    # Finds a touched invoice's lines without the others of its customer (up to 7,983), and a customer's first line. A
    # quarter of the lines have no customer. 3.6 MB and 0.8 s per 541,909 lines, as much as CustomerID alone.
    # The other finds the lines of an order, whoever its customer is.
    TRANSACTIONS: (Index(("CustomerID", "InvoiceNo"), present="CustomerID"), Index(("InvoiceNo",))),
    ORDERS: (Index(("_id.customer_id",)),),
    # Every request has a record: the last finished one is looked up every second, the dirty ones at every start.
    LOADS: (Index(("finished_at",)), Index(("dirty",), present="dirty"), Index(("expires_at",), expires=True)),
    QUARANTINE: (Index(("expires_at",), expires=True),),  # a request's rows expire with its record; a file's stay
    SEQUENCES: (Index(("load",)),),
    GONE: (Index(("revision",)), Index(("expires_at",), expires=True)),
}

# For lists: all customers by risk, one segment by risk. Made after the scores: inserting into a collection that has its
# indexes takes twice as long.
SCORE_INDEXES: Final = (Index(("churn_probability", "_id")), Index(("segment", "churn_probability", "_id")))

# How a line's `_id` is made from its content; stored with every load.
ID_SCHEME: Final = "seconds+blake2b64/2"
