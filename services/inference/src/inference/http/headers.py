"""Security headers by path, and cross-origin requests if configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# Scripts from this server only. Swagger UI draws its icons from data: addresses and sets styles from its script.
_DOCS_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_DATA_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),  # a page elsewhere cannot embed an answer
]
_NO_STORE: Final = (b"cache-control", b"no-store")  # answers are about people
_OF_PAGES: Final = [
    *_HEADERS,
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    _NO_STORE,
]
_PAGES: Final = {
    "/": [*_OF_PAGES, (b"content-security-policy", _PAGE_POLICY)],
    "/docs": [*_OF_PAGES, (b"content-security-policy", _DOCS_POLICY)],
}
_FILE_HEADERS: Final = [*_HEADERS, (b"content-security-policy", _PAGE_POLICY)]
_DATA_HEADERS: Final = [*_HEADERS, (b"content-security-policy", _DATA_POLICY), _NO_STORE]
_FILES: Final = ("/docs/", "/page/")  # files of the pages; they may be cached


def headers_of(path: str) -> list[tuple[bytes, bytes]]:
    """Return the security headers of the answer to `path`. HSTS is added by the edge, which terminates TLS."""
    return _PAGES.get(path) or (_FILE_HEADERS if path.startswith(_FILES) else _DATA_HEADERS)


def cross_origin(origins: Iterable[str]) -> Middleware:
    """Return the middleware that admits pages of these origins with an API key, never with browser credentials."""
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT"],
        allow_headers=["X-API-Key", "X-Request-ID", "Content-Type", "Idempotency-Key", "traceparent"],
        expose_headers=[
            "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit",
            "X-RateLimit-Remaining", "X-RateLimit-Reset", "Idempotency-Replayed",
        ],
    )  # fmt: skip
