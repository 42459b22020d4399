"""Bytes that are sent as they are: every case that there is for the endpoints of a build."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drills.corpus_bodies import ids, media_types, whole_bodies
from drills.corpus_http import chunks, framing, heads, targets
from drills.raw_requests import BY_ID, CLOSED, GOOD, INVALID, LONG, Case, head, post

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases(paths: set[str]) -> Iterator[Case]:
    """Yield every case; those of endpoints only when `paths` ("METHOD /path") has them."""
    yield from framing()
    yield from chunks()
    yield from heads()
    yield from targets()
    yield from ids(BY_ID, '{"customer_id": %s}')
    yield from whole_bodies()
    yield from media_types()
    yield from _of_every_endpoint(paths)
    if "POST /predict_churn_batch" in paths:
        yield from ids("/predict_churn_batch", '{"customer_ids": [%s]}')
        yield from _batches()
    if "GET /customers" in paths:
        yield from _queries()
    if "GET /customers/{customer_id}" in paths:
        yield from _profiles()
    if "POST /" in paths:
        yield from _forms()
    if "PUT /models/champion" in paths:
        yield from _versions()


def _of_every_endpoint(paths: set[str]) -> Iterator[Case]:
    """Yield what no endpoint that reads a body accepts."""
    wrong = {
        "no JSON": b"{", "null": b"null", "a number": b"1", "an empty object": b"{}", "an operator": b'{"$gt": ""}',
        "an operator for all": b'{"$where": "1", "$expr": {}}', "a deep body": b"[" * 30000, "a BOM": b"\xef\xbb\xbf{}",
        "NaN": b"NaN", "1e400": b"[1e400]", "duplicate keys": b'{"a": 1, "a": 2}', "a NUL": b"\x00",
        "0xff": b"\xff" * 99,
        "operators for figures": b'{"Frequency": {"$gt": 0}, "Monetary": {"$gt": 0}, "AvgOrderValue": {"$gt": 0}}',
        "operators for lines": b'{"lines": {"$gt": 0}}', "operators for data": b'{"data": [{"$gt": 0}]}',
        "operators for ids": b'{"customer_ids": {"$in": [1]}}', "operators for a version": b'{"version": {"$ne": 1}}',
        "an operator in a segment": b'{"recency": {"$gt": 0}, "frequency": 1, "monetary": 1}',
        "1e400 in a segment": b'{"recency": 1e400, "frequency": 1, "monetary": 1}',
        "1e308 of figures": b'{"Frequency": 1, "Monetary": 1e308, "AvgOrderValue": 1e308}',
        "5,000 digits": b'{"Frequency": %b}' % (b"9" * 5000),
    }  # fmt: skip
    for path in sorted(paths):
        method, _, target = path.partition(" ")
        if method in {"POST", "PUT"} and "{" not in target and target not in {"/", "/model/reload"}:
            for name, body in wrong.items():
                sent = post(target, body).replace(b"POST", method.encode(), 1)
                yield Case(f"{path} {name}", sent, INVALID)


def _batches() -> Iterator[Case]:
    path = "/predict_churn_batch"
    ids: dict[str, Any] = {"none": [], "1,001": list(range(1, 1002)), "a number": 12347, "an object": {"0": 12347}}
    for name, some in ids.items():
        yield Case(f"batch: {name}", post(path, json.dumps({"customer_ids": some}).encode()), INVALID)
    million = json.dumps({"customer_ids": list(range(1, 10**6 + 1))}).encode()
    yield Case("batch: a million", post(path, million), frozenset({413, CLOSED}))
    yield Case("batch: one a thousand times", post(path, json.dumps({"customer_ids": [12347] * 1000}).encode()),
               frozenset({200, 422}))  # fmt: skip


def _queries() -> Iterator[Case]:
    values = (
        "segment[$ne]=", "segment[$gt]=", "segment=%7B%22$ne%22:null%7D", "segment=", "segment=%00", "segment==1%2B1",
        f"segment={LONG}", "segment=Nobody", "segment=a&segment=b", "segment=%ff", "segment=%ed%a0%80",
        "segment=$where",
        "min_churn[$gt]=0", "min_churn=NaN", "min_churn=Infinity", "min_churn=-1", "min_churn=2", "min_churn=1e400",
        "min_churn=0x1", "min_churn=", "min_churn=%D9%A1", "min_churn=0.5&min_churn=0.6", "min_churn=" + "9" * 5000,
        "sort=$natural", "sort=_id", "sort=__proto__", "sort=churn_probability%00", "sort=", "sort[$meta]=x", "sort=-",
        "limit=0", "limit=-1", "limit=1e9", "limit=1000000000", "limit=1001", "limit=1.5", "limit=", "limit=NaN",
        "limit[$gt]=1", "limit=5&limit=6", "limit=" + "9" * 5000, "limit=%2010", "limit=1_0", "limit=true",
        "cursor=", "cursor=x", "cursor=%00", "cursor=AAAA", "cursor=e30", "cursor=e30%3D", "cursor=eyIkZ3QiOjB9",
        "cursor=" + quote(json.dumps({"$gt": 0})), "cursor=W10", "cursor=bnVsbA", "cursor=" + "A" * 5000,
        "cursor=WzFlNDAwLDFd", "cursor=W05hTiwxXQ", "cursor[$ne]=1", "cursor=////", "cursor=%ff%fe", "cursor=../../x",
        "cursor=W3siJGd0IjowfSwxXQ", "cursor=WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Iiwx", "nothing=1", "$where=1", "&&&===",
        "segment=%22;return%20true;//", "a" * 10_000,
    )  # fmt: skip
    for value in values:
        sent = head("GET", f"/customers?{value}")
        yield Case(f"list: {value[:40]}", sent, frozenset({200, 422}))
    for accept in ("text/csv;q=\xff", "text/csv, */*", "text/csv;header=absent", "application/xml", "=1+1"):
        yield Case(f"list: Accept {accept}", head("GET", "/customers?limit=2", f"Accept: {accept}"),
                   frozenset({200, 406}))  # fmt: skip


def _profiles() -> Iterator[Case]:
    for one in (
        "0", "-1", "1.5", "abc", "12347abc", "9223372036854775808", "9" * 400, "NaN", "null", "true", "%00", "12347%00",
        "12347%0d%0aX:%20y", "$gt", "%7B%22$gt%22:0%7D", "{}", "[]", "%D9%A1%D9%A2", "%EF%BC%91", "+1", "1_000", "0x10",
        "1e3", "%2012347", "12347%20", "..%2f..", "%2e%2e", "12347;a=b", "=1%2B1", "%3Cscript%3E", LONG, "%ff",
    ):  # fmt: skip
        yield Case(f"profile: {one[:32]}", head("GET", f"/customers/{one}"), frozenset({404, 422}))


def _forms() -> Iterator[Case]:
    for one in (
        b"", b"customer_id=", b"customer_id=abc", b"customer_id=-1", b"customer_id=0", b"customer_id=1.5", b"&&&===",
        b"%", b"customer_id=9223372036854775808", b"customer_id=" + b"9" * 5000, b"customer_id=%00", b"customer_id=%ff",
        b"customer_id[$gt]=0", b"customer_id=%7B%22$gt%22:0%7D", b"customer_id=1&customer_id=2", b"a=1&" * 5000,
        b"customer_id=%3Cscript%3Ealert(1)%3C/script%3E", b"customer_id=" + LONG.encode(), b"as_of=x",
        b"key=%ff&customer_id=x",
        b"customer_id=%22onfocus=alert(1)%20autofocus=%22", b"\x00", b"\xff" * 99, b"customer_id=\xd9\xa1",
    ):  # fmt: skip
        sent = post("/", one, media_type="application/x-www-form-urlencoded")
        yield Case(f"form: {one[:40]!r}", sent, frozenset({400, 404, 413, 415, 422}))
    yield Case("form: as JSON", post("/", GOOD), frozenset({415, 422}))


def _versions() -> Iterator[Case]:
    path = "/models/champion"
    for version in (
        "", ".", "..", "../..", "../../etc/passwd", "/etc/passwd", "20260101T000000Z-0000000/../x", "a\x00b", "a\nb",
        "20260101T000000Z-ffffff\n", ".tmp-x", "%2e%2e", "champion", "$(reboot)", LONG, "x" * 5000, "\uff12\uff10",
    ):  # fmt: skip
        body = json.dumps({"version": version}).encode()
        yield Case(f"version: {version[:24]!r}", post(path, body).replace(b"POST", b"PUT", 1),
                   frozenset({401, 403, 404, 409, 422}))  # fmt: skip
