from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from serving import ORDERS, InMemoryCustomers, InMemoryRanking, UnreachableCustomers, UnreachableRanking

from inference.docs.recorded import examples_of
from inference.http.keys import make_key
from inference.web import drawings, wording
from inference.web.page import page
from inference.web.requests import MAX_FORM_BYTES, Form
from retention.logs import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import httpx
    from serving import Models, Serve

    from inference.customer.responses import Profile

pytestmark = pytest.mark.anyio

PROFILE: Profile = examples_of("profile")["profile"]["answer"]
HTML = {"Accept": "text/html,application/xhtml+xml"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVIL = '"><script>alert(1)</script>'


def title(answer: httpx.Response) -> str:
    found = re.search(r"<title>(.*) · Retention</title>", answer.text)
    assert found
    return found[1]


def notice(answer: httpx.Response) -> str:
    found = re.search(r'role="alert".*?</(?:div|section)>', answer.text, re.DOTALL)
    assert found
    return found[0]


def shown(profile: Profile) -> str:
    return page(Form(), asks_key=False, request_id="r-1", profile=profile)


async def test_a_program_gets_a_line_and_a_browser_the_page(api: httpx.AsyncClient) -> None:
    program, browser = await api.get("/"), await api.get("/", headers=HTML)

    assert list(program.json()) == ["message"]
    assert (browser.status_code, browser.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert program.headers["vary"] == browser.headers["vary"] == "Accept"
    assert title(browser) == "Look up a customer"


async def test_the_page_needs_no_script_and_its_files_come_from_this_server(api: httpx.AsyncClient) -> None:
    html = (await api.get("/", headers=HTML)).text + shown(PROFILE)

    assert not re.search(r"<script|<style|style=|\son\w+=|javascript:|//", html.replace("<!DOCTYPE html>", ""))
    for address in set(re.findall(r'(?:src|href)="(/[^"]*)"', html)):
        assert (await api.get(address)).status_code == 200


async def test_an_id_in_the_body_is_answered_with_the_profile(api: httpx.AsyncClient) -> None:
    answer = await api.post("/", data={"customer_id": "12347", "as_of": ""})

    assert (answer.status_code, title(answer)) == (200, "Customer 12347")
    assert "350.50" in answer.text
    assert "7 Dec 2011" in answer.text
    assert 'value="12347"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_past_day_may_be_asked_about(api: httpx.AsyncClient) -> None:
    answer = await api.post("/", data={"customer_id": "12347", "as_of": "2011-12-01"})

    assert "as of 1 December 2011" in answer.text
    assert "7 Dec 2011" not in answer.text
    assert 'value="2011-12-01"' in answer.text


async def test_a_button_asks_about_another_customer_instead(api: httpx.AsyncClient) -> None:
    answer = await api.post("/", data={"customer_id": "", "as_of": "", "instead": "12348"})

    assert title(answer) == "Customer 12348"


async def test_similar_customers_are_buttons_that_ask_about_them(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(ranking=InMemoryRanking()) as api:
        alone = await api.post("/", data={"customer_id": "12347"})

    assert 'id="similar"' not in alone.text
    assert re.search(r'<button type="submit" form="look-up" name="instead" value="\d+" class="link"', shown(PROFILE))


@pytest.mark.parametrize("customer_id", ["", "abc", "0", "-1", "12347.0", "1e3", "²", "9" * 19, "9" * 30, EVIL])
async def test_what_is_no_id_is_refused_beside_the_field(api: httpx.AsyncClient, customer_id: str) -> None:
    answer = await api.post("/", data={"customer_id": customer_id})

    assert (answer.status_code, title(answer)) == (422, "Enter a valid customer ID: digits only, e.g. 12347")
    assert answer.text.count('aria-invalid="true"') == 1
    assert "<script" not in answer.text


@pytest.mark.parametrize("as_of", ["yesterday", "2011-13-01", "20111101", "1899-01-01", "2011-11-10T00:00:00Z", EVIL])
async def test_what_is_no_day_is_refused_beside_the_field(api: httpx.AsyncClient, as_of: str) -> None:
    answer = await api.post("/", data={"customer_id": "12347", "as_of": as_of})

    assert answer.status_code == 422
    assert re.search(r'name="as_of"[^>]*aria-invalid="true"', answer.text)
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"customer_id=1&customer_id=2", FORM, 422),
        (b"customer_id=1&admin=1", FORM, 422),
        (b"customer_id", FORM, 422),
        (b"customer_id=%ff", FORM, 422),
        (b"customer_id=\xff", FORM, 422),
        (b"", FORM, 422),
        (b"a=1&b=2&c=3&d=4&e=5&f=6", FORM, 422),
        (b"customer_id=1&key=" + b"k" * MAX_FORM_BYTES, FORM, 413),
        (b'{"customer_id": 12347}', {"Content-Type": "application/json"}, 415),
        (b"customer_id=1", {}, 415),
    ],
)
async def test_what_the_form_does_not_send_is_refused(
    api: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await api.post("/", content=body, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("customer_id", "words"),
    [("99999", "No customer 99999"), ("12349", "Customer 12349 has no orders")],
)
async def test_a_customer_without_an_answer_is_a_404(api: httpx.AsyncClient, customer_id: str, words: str) -> None:
    answer = await api.post("/", data={"customer_id": customer_id})

    assert (answer.status_code, title(answer)) == (404, words)
    assert " day" not in notice(answer)


async def test_without_an_answer_about_a_past_day_the_day_may_be_why(api: httpx.AsyncClient) -> None:
    answers = [
        await api.post("/", data={"customer_id": who, "as_of": "2010-12-01"}) for who in ("12347", "12349", "99999")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert all("by then" in notice(answer) for answer in answers)


@pytest.mark.parametrize("away", ["customers", "ranking", "model"])
async def test_what_passes_is_a_503_with_a_hint_and_says_nothing_of_the_inside(
    serve: Serve, models: Models, away: str
) -> None:
    if away != "model":
        models.publish(VERSION)
    customers = UnreachableCustomers(ORDERS) if away == "customers" else None
    async with serve(customers, ranking=UnreachableRanking() if away == "ranking" else None) as api:
        answer = await api.post("/", data={"customer_id": "12347"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "mongodb://" not in answer.text


async def test_where_there_are_keys_the_form_asks_for_one_and_never_gives_it_back(
    serve: Serve, models: Models, tmp_path: Path
) -> None:
    models.publish(VERSION)
    key, line = make_key("reader", "read")
    keys = tmp_path / "keys"
    keys.write_text(line + "\n")
    async with serve(API_KEYS_FILE=str(keys)) as api:
        empty = await api.get("/", headers=HTML)
        refused = [
            await api.post("/", data={"customer_id": "12347", **given})
            for given in ({}, {"key": ""}, {"key": "wrong"}, {"key": "ключ"})
        ]
        answered = await api.post("/", data={"customer_id": "12347", "key": key})

    assert 'type="password"' in empty.text
    assert {(answer.status_code, title(answer)) for answer in refused} == {
        (401, "An API key is required"),
        (401, "That key isn’t valid"),
    }
    assert all("www-authenticate" in answer.headers and "350.50" not in answer.text for answer in refused)
    assert (answered.status_code, title(answered)) == (200, "Customer 12347")
    assert key not in answered.text


async def test_keys_tried_in_the_form_are_counted_with_those_tried_elsewhere(
    serve: Serve, models: Models, tmp_path: Path
) -> None:
    models.publish(VERSION)
    key, line = make_key("reader", "read")
    keys = tmp_path / "keys"
    keys.write_text(line + "\n")
    form = {"customer_id": "12347"}
    async with serve(API_KEYS_FILE=str(keys)) as api:
        without = {(await api.post("/", data=form)).status_code for _ in range(40)}
        tried = [await api.post("/", data={**form, "key": f"guess-{n}"}) for n in range(40)]
        elsewhere = await api.get("/model", headers={"X-API-Key": "guess"})
        right = await api.post("/", data={**form, "key": key})

    assert without == {401}
    assert [answer.status_code for answer in tried] == [401] * 30 + [429] * 10
    assert (title(tried[-1]), int(tried[-1].headers["retry-after"]) > 1) == ("Too many requests", True)
    assert (elsewhere.status_code, right.status_code) == (429, 200)


async def test_a_key_in_the_form_has_its_own_limit_and_its_name_in_the_log(
    serve: Serve, models: Models, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    key, line = make_key("reader", "read", "2/hour")
    keys = tmp_path / "keys"
    keys.write_text(line + "\n")
    with caplog.at_level(logging.INFO):
        async with serve(API_KEYS_FILE=str(keys)) as api:
            answers = [await api.post("/", data={"customer_id": "12347", "key": key}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert {record.key for record in caplog.records if record.getMessage() == "request"} == {"reader"}  # type: ignore[attr-defined]


async def test_a_look_up_without_a_key_is_counted_once(serve: Serve, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(make_key("reader", "read")[1] + "\n")
    async with serve(API_KEYS_FILE=str(keys), RATE_LIMIT="3/minute") as api:
        answers = [await api.post("/", data={"customer_id": "12347", "key": ""}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


async def test_a_look_up_takes_a_place_among_the_requests_under_way(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    entered, leave = asyncio.Event(), asyncio.Event()

    class HeldCustomers(InMemoryCustomers):
        async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
            entered.set()
            await leave.wait()
            return await super().features(customer_id, as_of, or_later=or_later)

    form = {"customer_id": "12347"}
    async with serve(HeldCustomers(ORDERS), REQUESTS_AT_ONCE="1") as api:
        first = asyncio.create_task(api.post("/", data=form))
        await entered.wait()
        second = await asyncio.wait_for(api.post("/", data=form), 5)
        leave.set()
        statuses = (await first).status_code, second.status_code, (await api.post("/", data=form)).status_code

    assert statuses == (200, 503, 200)
    assert title(second) == "The service is busy"


async def test_without_keys_the_form_does_not_ask_for_one(api: httpx.AsyncClient) -> None:
    assert "password" not in (await api.get("/", headers=HTML)).text


async def test_the_log_says_nothing_of_who_was_looked_up(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await api.post("/", data={"customer_id": "12347"})

    lines = [JsonFormatter().format(each) for each in caplog.records if each.name.startswith("inference")]
    assert (json.loads(lines[-1])["route"], len(json.loads(lines[-1])["customer"])) == ("/", 16)
    assert not any("12347" in line for line in lines)


def test_whatever_is_stored_is_shown_as_text() -> None:
    profile: Any = json.loads(json.dumps(PROFILE))
    profile["segment"] = dict.fromkeys(("segment", "action", "offer"), EVIL)
    profile["meta"]["currency"] = profile["similar"][0]["segment"] = profile["orders"]["recent"][0]["invoice"] = EVIL
    profile["explanation"]["contributions"][0]["text"] = EVIL

    html = shown(profile)

    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6


def test_old_data_is_called_old() -> None:
    stale: Any = {**PROFILE, "meta": {**PROFILE["meta"], "stale": True, "data_age_days": 12}}

    assert "The data is 12 days old." in shown(stale)
    assert "The data is" not in shown(PROFILE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"order_value": 120.0, "within_days": 7, "churn_probability": 0.38, "text": "one order of 120"},
            "One order of 120.",
        ),
        (None, "No single order"),
    ],
)
def test_who_is_flagged_is_told_what_would_change_it(change: dict[str, Any] | None, words: str) -> None:
    profile: Any = json.loads(json.dumps(PROFILE))
    assert "What would change it" not in shown(profile)
    profile["prediction"]["churn_prediction"] = 1
    profile["explanation"]["counterfactual"] = change

    assert words in shown(profile)


@pytest.mark.parametrize(
    ("probability", "flagged", "words"),
    [
        (0.07, 0, "Likely to order again"),
        (0.47, 1, "At risk of leaving"),
        (0.8, 1, "Likely to leave"),
        (0.55, 0, "May leave, but below the threshold"),
    ],
)
def test_flagged_is_not_yet_likely(probability: float, flagged: int, words: str) -> None:
    prediction: Any = {"churn_probability": probability, "churn_prediction": flagged}

    assert wording.verdict(prediction) == words


def test_a_share_is_never_rounded_to_certainty() -> None:
    shares = (0.0, 0.001, 0.07, 0.999, 1.0)
    assert [wording.percent(share) for share in shares] == ["0%", "under 1%", "7%", "over 99%", "100%"]
    assert [wording.interval(0.06, 0.09), wording.interval(0.071, 0.074)] == ["6–9%", "7.1–7.4%"]


@pytest.mark.parametrize(
    ("share", "side"), [(0.0, (-1, 0)), (0.25, (-1, 1)), (0.5, (0, 1)), (0.75, (1, 1)), (1.0, (1, 0))]
)
def test_the_hand_points_from_the_left_over_the_top_to_the_right(share: float, side: tuple[int, int]) -> None:
    inner, outer = drawings.gauge(share, share, share, 0.5).hand

    across, up = outer.x - inner.x, inner.y - outer.y
    assert math.isclose(math.hypot(across, up), 43, abs_tol=0.05)
    assert tuple((value > 1) - (value < -1) for value in (across, up)) == side


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (1.0, 1.0), (0.4, 0.4), (0.0, 1.0)])
def test_an_interval_is_seen_however_narrow_and_stays_on_the_gauge(low: float, high: float) -> None:
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", drawings.gauge(low, low, high, 0.5).interval)]
    (left, right) = numbers[0], numbers[-2]

    assert 32 <= left < right <= 268


def test_reasons_that_raise_go_right_and_the_largest_takes_its_side() -> None:
    raises, lowers = drawings.diverging([0.5, -1.0])

    assert (raises, lowers) == ((100, 50), (0, 100))
    assert drawings.diverging([]) == []
    assert drawings.diverging([-0.05]) == [(90, 10)]


def test_bars_of_months_stand_on_the_ground() -> None:
    assert drawings.upright([0.0, 50.0, 100.0], height=80) == [(80, 0), (40, 40), (0, 80)]
    assert drawings.upright([0.0], height=80) == [(80, 0)]


async def test_a_year_of_silence_is_told_as_one(api: httpx.AsyncClient) -> None:
    silent = await api.post("/", data={"customer_id": "12347", "as_of": "2013-06-01"})
    busy = await api.post("/", data={"customer_id": "12347"})

    assert "No orders in these months." in silent.text
    assert "the numbers count the orders" in busy.text
