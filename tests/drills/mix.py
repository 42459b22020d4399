"""What people and their systems ask of the API, in proportion; what a build does not have is left out."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from drills.keep_alive import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FIGURES = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71}
UNKNOWN_ID = 900_000_000  # and up: nobody's
_WRONG_IDS = ('"12347"', "0", "-1", "null", "1.5", "true", "[]", '{"$gt":0}', "9" * 26)
_FILTERS = ("", "&min_churn=0.5", "&segment=Churn%20Risk")


def paths_of(document: Mapping[str, Any]) -> set[str]:
    """Return "METHOD path" for everything an OpenAPI document names."""
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def questions(paths: set[str], customer_ids: Sequence[int], seed: int, *, posts: bool = False) -> Iterator[Request]:
    """Yield requests without end, the same for the same seed; those that `posts` lines only when asked to."""
    random = Random(seed)  # noqa: S311 - any mix will do, the same every time
    kinds = [(share, make) for path, share, make in _KINDS if path in paths and (posts or make is not _post)]
    shares = [share for share, _ in kinds]
    while True:
        ((_, make),) = random.choices(kinds, shares)
        yield make(random, customer_ids)


def _by_id(random: Random, ids: Sequence[int]) -> Request:
    return _ask("by id", "/predict_churn_by_id", {"customer_id": random.choice(ids)}, needs_database=True)


def _by_unknown_id(random: Random, _: Sequence[int]) -> Request:
    question = {"customer_id": UNKNOWN_ID + random.randrange(10**9)}
    return _ask("unknown id", "/predict_churn_by_id", question, needs_database=True)


def _by_wrong_id(random: Random, _: Sequence[int]) -> Request:
    body = f'{{"customer_id": {random.choice(_WRONG_IDS)}}}'.encode()
    return Request("wrong id", "POST", "/predict_churn_by_id", body)


def _as_of(random: Random, ids: Sequence[int]) -> Request:
    question = {"customer_id": random.choice(ids), "as_of": f"2011-{random.randint(6, 11):02}-10T00:00:00Z"}
    return _ask("as of", "/predict_churn_by_id", question, needs_database=True)


def _batch(random: Random, ids: Sequence[int]) -> Request:
    some = [*random.choices(ids, k=95), *(UNKNOWN_ID + n for n in range(5))]
    return _ask("batch", "/predict_churn_batch", {"customer_ids": some}, needs_database=True)


def _figures(random: Random, _: Sequence[int]) -> Request:
    return _ask("figures", "/predict_churn", {**FIGURES, "Recency": random.randrange(300), "Tenure": 367})


def _older_figures(_: Random, __: Sequence[int]) -> Request:
    return _ask("older figures", "/predict", FIGURES)


def _figures_batch(_: Random, __: Sequence[int]) -> Request:
    return _ask("figures batch", "/predict/batch", {"data": [FIGURES] * 20})


def _segment(_: Random, __: Sequence[int]) -> Request:
    return _ask("segment", "/segment", {"recency": 5, "frequency": 3, "monetary": 500.0})


def _profile(random: Random, ids: Sequence[int]) -> Request:
    return _get("profile", f"/customers/{random.choice(ids)}", needs_database=True)


def _list(random: Random, _: Sequence[int]) -> Request:
    return _get("list", f"/customers?limit={random.randint(1, 50)}{random.choice(_FILTERS)}", needs_database=True)


def _csv(_: Random, __: Sequence[int]) -> Request:
    return _get("csv", "/customers?limit=100", (("Accept", "text/csv"),), needs_database=True)


def _summary(_: Random, __: Sequence[int]) -> Request:
    return _get("summary", "/clusters/summary", needs_database=True)


def _page(random: Random, ids: Sequence[int]) -> Request:
    question = f"/?customer_id={random.choice(ids)}"
    return _get("page", question, (("Accept", "text/html"),), needs_database=True)


def _post(random: Random, ids: Sequence[int]) -> Request:
    lines = [
        {"InvoiceNo": f"9{random.randrange(50):05}", "StockCode": str(n), "Quantity": 1, "InvoiceDate": "2011-12-01",
         "UnitPrice": 1.0, "CustomerID": random.choice(ids[:3])}
        for n in range(3)
    ]  # fmt: skip
    key = (("Idempotency-Key", f"{random.getrandbits(64):016x}"),)
    return Request("post", "POST", "/transactions", json.dumps(lines).encode(), key, needs_database=True)


def _plain(name: str) -> Callable[[Random, Sequence[int]], Request]:
    return lambda _, __: _get(name, name, needs_database=name in {"/health", "/readyz"})


def _ask(name: str, path: str, content: object, *, needs_database: bool = False) -> Request:
    return Request(name, "POST", path, json.dumps(content).encode(), needs_database=needs_database)


def _get(name: str, path: str, headers: tuple[tuple[str, str], ...] = (), *, needs_database: bool = False) -> Request:
    return Request(name, "GET", path, headers=headers, needs_database=needs_database)


_KINDS: list[tuple[str, float, Callable[[Random, Sequence[int]], Request]]] = [
    ("POST /predict_churn_by_id", 30, _by_id),
    ("POST /predict_churn_by_id", 8, _by_unknown_id),
    ("POST /predict_churn_by_id", 5, _by_wrong_id),
    ("POST /predict_churn_by_id", 4, _as_of),
    ("POST /predict_churn_batch", 6, _batch),
    ("POST /predict_churn", 8, _figures),
    ("POST /predict", 4, _older_figures),
    ("POST /predict/batch", 3, _figures_batch),
    ("POST /segment", 4, _segment),
    ("GET /customers/{customer_id}", 6, _profile),
    ("GET /customers", 5, _list),
    ("GET /customers", 1, _csv),
    ("GET /clusters/summary", 4, _summary),
    ("GET /", 2, _page),
    ("POST /transactions", 2, _post),
    ("GET /model", 1, _plain("/model")),
    ("GET /models", 1, _plain("/models")),
    ("GET /metrics", 1, _plain("/metrics")),
    ("GET /health", 3, _plain("/health")),
    ("GET /readyz", 1, _plain("/readyz")),
    ("GET /livez", 3, _plain("/livez")),
]
