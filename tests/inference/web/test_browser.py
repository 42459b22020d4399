"""The pages as people see them: in a Chromium, over a real database, with an API of its own process."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from api_process import Running, running, within
from browser import chromium, watched
from bundles import KEY, VERSION
from serving import Models

from inference.http.keys import make_key
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser import Watched
    from playwright.sync_api import Browser
    from shops import Shop

DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}}
NO_SCRIPTS = {"java_script_enabled": False}
ID = 12347
pytestmark = pytest.mark.browser

# In Swagger UI's own markup, where no style sheet helps: fields and buttons without a name, buttons within buttons.
SWAGGER_UIS = {"nested-interactive", "button-name", "label", "select-name", "duplicate-id-active"}


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small model."""
    models_dir = tmp_path_factory.mktemp("pages") / "models"
    (models_dir.parent / "signing_key").write_bytes(KEY)
    Models(Registry(models_dir), models_dir.parent / "signing_key").publish(VERSION)
    return models_dir


@pytest.fixture(scope="module")
def environ(invented_shop: Shop, models_dir: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DB_NAME": invented_shop.db_name,
        "MODELS_DIR": str(models_dir),
        "MODEL_SIGNING_KEY_FILE": str(models_dir.parent / "signing_key"),
    }


@pytest.fixture(scope="module")
def api(environ: dict[str, str], invented_shop: Shop, models_dir: Path) -> Iterator[Running]:
    with running(environ, invented_shop.mongo_uri, models_dir.parent / "api.log") as api:
        within(10, lambda: api.http.get("/readyz").status_code == 200)
        yield api


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    return make_key("reader", "read")


@pytest.fixture(scope="module")
def guarded(environ: dict[str, str], invented_shop: Shop, models_dir: Path, key: tuple[str, str]) -> Iterator[Running]:
    """The same with keys."""
    keys = models_dir.parent / "keys"
    keys.write_text(key[1] + "\n")
    ours = environ | {"API_KEYS_FILE": str(keys)}
    with running(ours, invented_shop.mongo_uri, models_dir.parent / "guarded.log") as api:
        within(10, lambda: api.http.get("/readyz").status_code == 200)
        yield api


@pytest.fixture(scope="module")
def browser(mongo_uri: str) -> Iterator[Browser]:  # noqa: ARG001 - it opens the network
    with chromium() as browser:
        yield browser


def address(api: Running) -> str:
    return f"http://127.0.0.1:{api.port}"


def look_up(seen: Watched, customer_id: object, *, as_of: str = "", key: str = "") -> None:
    page = seen.page
    page.goto("/")
    page.get_by_label("Customer ID").fill(str(customer_id))
    if as_of:
        page.get_by_label("As of").fill(as_of)
    if key:
        page.get_by_label("API key").fill(key)
    with page.expect_navigation():
        page.get_by_role("button", name="Look up", exact=True).click()


@pytest.mark.parametrize("context", [{}, NO_SCRIPTS], ids=["with scripts", "without"])
def test_a_customer_is_looked_up(browser: Browser, api: Running, context: dict[str, Any]) -> None:
    with watched(browser, address(api), **context) as seen:
        look_up(seen, ID)

        assert seen.page.title() == f"Customer {ID} · Retention"
        assert seen.page.get_by_role("heading", level=1).inner_text() == f"Customer {ID}"
        assert re.search(r"\d%", seen.page.get_by_role("img", name="Risk").text_content() or "")
        assert seen.page.url == f"{address(api)}/"  # the id is not in it
        assert (seen.errors, seen.hosts) == ([], {"127.0.0.1"})


def test_the_example_is_a_customer_and_a_day_may_be_asked_about(browser: Browser, api: Running) -> None:
    with watched(browser, address(api)) as seen:
        seen.page.goto("/")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Try customer").click()
        assert seen.page.title() == f"Customer {ID} · Retention"

        look_up(seen, ID, as_of="2011-10-01")
        assert "as of 1 October 2011" in seen.page.inner_text("main")
        assert seen.errors == []


def test_an_unknown_customer_is_a_plain_message_beside_the_field(browser: Browser, api: Running) -> None:
    with watched(browser, address(api)) as seen:
        look_up(seen, 99_999_999)

        assert seen.page.title() == "No customer 99999999 · Retention"
        assert seen.page.get_by_role("alert").is_visible()
        assert seen.page.get_by_label("Customer ID").get_attribute("aria-invalid") == "true"


def test_with_keys_the_page_asks_for_one_and_forgets_it(
    browser: Browser, guarded: Running, key: tuple[str, str]
) -> None:
    with watched(browser, address(guarded)) as seen:
        look_up(seen, ID, key="not-one-of-ours")
        assert seen.page.title() == "That key isn’t valid · Retention"

        look_up(seen, ID, key=key[0])
        assert seen.page.title() == f"Customer {ID} · Retention"
        assert seen.page.get_by_label("API key").input_value() == ""
        assert key[0] not in seen.page.content()


@pytest.mark.parametrize("context", [{}, PHONE | DARK], ids=["light", "dark phone"])
@pytest.mark.parametrize("customer_id", [None, ID, 12378, 99_999_999], ids=["empty", "several", "once", "unknown"])
def test_the_page_fits_and_axe_finds_no_serious_fault(
    browser: Browser, api: Running, customer_id: int | None, context: dict[str, Any]
) -> None:
    with watched(browser, address(api), **context) as seen:
        seen.page.goto("/")
        if customer_id:
            look_up(seen, customer_id)

        assert not seen.scrolls_sideways()
        assert seen.faults() == {}


def test_the_page_follows_the_colours_of_the_reader(browser: Browser, api: Running) -> None:
    papers = []
    for colours in ({}, DARK):
        with watched(browser, address(api), **colours) as seen:
            seen.page.goto("/")
            papers.append(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert papers == ["rgb(246, 248, 247)", "rgb(16, 21, 19)"]


def execute(seen: Watched, operation: str) -> int:
    """Execute the example of an operation in Swagger UI, and return the status when it is shown."""
    block = seen.page.locator(f"[id$='-{operation}']")
    if not block.locator(".opblock-body").is_visible():
        block.locator(".opblock-summary-control").click()
    with seen.page.expect_response(f"**/{operation}") as answered:
        block.get_by_role("button", name="Execute").click()
    status = answered.value.status
    block.locator(".live-responses-table .response-col_status", has_text=str(status)).first.wait_for()
    return status


def test_swagger_ui_executes_the_example_and_no_serious_fault_is_ours(browser: Browser, api: Running) -> None:
    with watched(browser, address(api), **DARK) as seen:
        seen.page.goto("/docs")

        assert execute(seen, "predict_churn_by_id") == 200
        assert (seen.errors, seen.hosts) == ([], {"127.0.0.1"})
        assert set(seen.faults()) <= SWAGGER_UIS


def test_swagger_ui_is_refused_without_a_key_and_answered_with_one(
    browser: Browser, guarded: Running, key: tuple[str, str]
) -> None:
    with watched(browser, address(guarded)) as seen:
        seen.page.goto("/docs")
        assert execute(seen, "predict_churn_by_id") == 401

        seen.page.get_by_role("button", name="Authorize").first.click()
        dialog = seen.page.locator(".modal-ux")
        dialog.locator("input").fill(key[0])
        dialog.locator("button.authorize").click()
        dialog.locator("button.btn-done").click()
        assert execute(seen, "predict_churn_by_id") == 200


def test_the_documentation_fits_a_phone_and_no_serious_fault_is_ours(browser: Browser, api: Running) -> None:
    with watched(browser, address(api), **PHONE) as seen:
        seen.page.goto("/docs")
        seen.page.locator(".opblock").first.wait_for()

        assert not seen.scrolls_sideways()
        assert set(seen.faults()) <= SWAGGER_UIS
