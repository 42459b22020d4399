"""A headless Chromium, its pages watched: for tests that try pages as people do."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_core_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SERIOUS = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium on PATH; without one the test is skipped, and says so."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no chromium on PATH: the pages were not tried in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page that remembers what went wrong in it, and whom it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.hosts: set[str | None] = set()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))

    def scrolls_sideways(self) -> bool:
        """Tell whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def faults(self) -> dict[str, list[str]]:
        """Return what axe-core calls serious or critical: the rule, and where."""
        found: list[dict[str, Any]] = Axe().run(self.page)["violations"]
        return {fault["id"]: [node["html"] for node in fault["nodes"]] for fault in found if fault["impact"] in SERIOUS}


@contextmanager
def watched(browser: Browser, address: str, **context: Any) -> Iterator[Watched]:
    """Open a page of its own at `address`; `context` is the reader's: width, colours, whether scripts run."""
    opened = browser.new_context(base_url=address, **context)
    opened.set_default_timeout(60_000)  # Swagger UI takes a second, ten where all cores are busy
    seen = Watched(opened.new_page())
    yield seen
    opened.close()
