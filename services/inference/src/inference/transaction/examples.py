"""Lines that work: what the documentation fills in, and the answer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from inference.transaction.responses import Ingested

_ORDER: Final = [
    {
        "InvoiceNo": "600001", "StockCode": "85123A", "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": 6, "InvoiceDate": "2011-12-09T12:30:00Z", "UnitPrice": 2.55,
        "CustomerID": 20001, "Country": "United Kingdom",
    },
    {
        "InvoiceNo": "600001", "StockCode": "22423", "Description": "REGENCY CAKESTAND 3 TIER",
        "Quantity": 2, "InvoiceDate": "2011-12-09T12:30:00Z", "UnitPrice": 12.75,
        "CustomerID": 20001, "Country": "United Kingdom",
    },
]  # fmt: skip
_RETURN: Final = {
    "InvoiceNo": "C600002", "StockCode": "22423", "Quantity": -1, "InvoiceDate": "2011-12-09T16:05:00Z",
    "UnitPrice": 12.75, "CustomerID": 20001,
}  # fmt: skip
LINES_EXAMPLES: Final[dict[str, Any]] = {
    "order": {"summary": "The first order of a new customer, 20001", "value": {"lines": _ORDER}},
    "return": {"summary": "One of it comes back; a bare list will do", "value": [_RETURN]},
    "unreadable": {
        "summary": "A line that cannot be understood is put aside, the other is added",
        "value": {"lines": [_ORDER[0], {**_RETURN, "InvoiceDate": "last Friday"}]},
    },
}
INGESTED: Final[Ingested] = {
    "rows_in": 2,
    "inserted": 0,
    "duplicate": 1,
    "quarantined": {"InvoiceDate_unreadable": 1},
    "erased": 0,
    "load_id": "request:5f0c1b7e9a3d4c52b8e6f7a1d0c9b8a7",
    "rejected": [{"pointer": "#/lines/1", "field": "InvoiceDate", "reason": "InvoiceDate_unreadable"}],
    "refreshed": [{"as_of": "2011-12-10T00:00:00Z", "customers": 1}],
}
