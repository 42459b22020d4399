"""Rate limits per key and per address: counted in bounded memory, stated in headers."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from bundles import VERSION

from inference.app import create_app
from inference.http import rate_limit
from inference.http.rate_limit import CAPACITY, Rates, caller
from inference.settings import Settings, read_limit

if TYPE_CHECKING:
    from pathlib import Path

    from serving import Models, Serve

pytestmark = pytest.mark.anyio

ASK = {"customer_id": 12347}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the windows, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(rate_limit, "monotonic", lambda: now[0])
    return now


async def test_above_the_limit_the_answer_is_a_429_until_the_window_ends(
    serve: Serve, models: Models, clock: list[float]
) -> None:
    models.publish(VERSION)
    async with serve(RATE_LIMIT="3/minute") as api:
        answers = [await api.post("/predict_churn_by_id", json=ASK) for _ in range(5)]
        clock[0] += 59
        late = await api.post("/predict_churn_by_id", json=ASK)
        clock[0] += 1
        later = await api.post("/predict_churn_by_id", json=ASK)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[3].json()["code"] == "rate_limited"
    assert 60 <= int(answers[3].headers["retry-after"]) <= 61
    assert (late.status_code, later.status_code) == (429, 200)
    assert int(late.headers["retry-after"]) <= 2


@pytest.mark.usefixtures("clock")
async def test_every_limited_answer_says_what_is_left(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(RATE_LIMIT="10/minute") as api:
        good = (await api.post("/predict_churn_by_id", json=ASK)).headers
        wrong = (await api.post("/predict_churn_by_id", json={})).headers

    assert good["ratelimit-policy"] == '"default";q=10;w=60'
    assert good["ratelimit"] == '"default";r=9;t=61'
    assert wrong["ratelimit"] == '"default";r=8;t=61'
    assert [good[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["10", "9", "61"]
    assert "retry-after" not in good
    assert "retry-after" not in wrong


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
async def test_monitors_are_never_limited(serve: Serve, models: Models, path: str) -> None:
    models.publish(VERSION)
    async with serve(RATE_LIMIT="1/minute") as api:
        answers = [await api.get(path) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_each_key_has_its_own_limit(serve: Serve, models: Models, tmp_path: Path) -> None:
    models.publish(VERSION)
    lines = [("a", ""), ("b", ""), ("c", "1 per hour")]
    file = tmp_path / "keys"
    file.write_text("".join(f"{key} read {sha256(key.encode()).hexdigest()} {limit}\n" for key, limit in lines))
    async with serve(API_KEYS_FILE=str(file), RATE_LIMIT="2/minute") as api:
        statuses = {
            key: [(await api.get("/model", headers={"X-API-Key": key})).status_code for _ in range(3)]
            for key, _ in lines
        }

    assert statuses == {"a": [200, 200, 429], "b": [200, 200, 429], "c": [200, 429, 429]}


async def test_an_address_that_tries_keys_is_soon_limited_and_right_keys_are_not(
    serve: Serve, models: Models, tmp_path: Path
) -> None:
    models.publish(VERSION)
    file = tmp_path / "keys"
    file.write_text(f"shop read {sha256(b'right').hexdigest()}\n")
    async with serve(API_KEYS_FILE=str(file)) as api:
        wrong = [await api.get("/model", headers={"X-API-Key": f"guess-{n}"}) for n in range(40)]
        right = await api.get("/model", headers={"X-API-Key": "right"})

    assert [answer.status_code for answer in wrong] == [401] * 30 + [429] * 10
    assert int(wrong[-1].headers["retry-after"]) > 1
    assert right.status_code == 200


async def test_addresses_are_told_apart(environ: dict[str, str], models: Models) -> None:
    models.publish(VERSION)
    app = create_app(Settings.from_environ(environ | {"RATE_LIMIT": "1/minute"}), now=lambda: pytest.fail("no"))

    async def statuses(address: str) -> list[int]:
        transport = httpx.ASGITransport(app, client=(address, 1), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
            return [(await api.get("/nothing-here")).status_code for _ in range(2)]

    assert await statuses("192.0.2.1") == [404, 429]
    assert await statuses("192.0.2.2") == [404, 429]
    assert await statuses("2001:db8::1") == [404, 429]
    assert await statuses("2001:db8::2") == [429, 429]  # of the same subscriber


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
        ("x" * 5000, "x" * 64),
        (":" * 5000, ":" * 64),
    ],
)
def test_a_caller_is_an_address_or_its_64(address: str, who: str) -> None:
    assert caller(address) == who


@pytest.mark.drill
def test_addresses_without_end_take_no_more_memory_than_ten_thousand() -> None:
    taken, limit = Rates(), read_limit("5/minute")
    for n in range(CAPACITY):
        taken.take(f"10.0.{n}", limit)
    memory = psutil.Process().memory_info
    before = memory().rss
    for n in range(50 * CAPACITY):
        taken.take(f"10.1.{n}", limit)

    assert len(taken) == CAPACITY
    assert memory().rss - before <= 5_000_000  # all of them would be 150 MB


@pytest.mark.usefixtures("clock")
def test_the_oldest_window_makes_room_for_the_newest(clock: list[float]) -> None:
    taken, limit = Rates(capacity=2), read_limit("5/minute")
    taken.take("a", limit)
    taken.take("b", limit)
    clock[0] += 61
    taken.take("a", limit)  # a window of its own, newer than b's
    taken.take("c", limit)

    assert taken.take("a", limit).remaining == 3
    assert len(taken) == 2


def test_the_clock_is_not_the_walls(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: pytest.fail("the wall's clock may jump"))
    clock[0] += 1

    assert Rates().take("a", read_limit("5/minute")).remaining == 4


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("600/minute", (600, 60)),
        ("10 per 5 seconds", (10, 5)),
        ("10 / 2 Hours ", (10, 7200)),
        ("1/day", (1, 86400)),
        ("1 per month", (1, 2592000)),
        ("1/year", (1, 31104000)),
    ],
)
def test_a_limit_is_read(text: str, limit: tuple[Any, ...]) -> None:
    assert read_limit(text)[:2] == limit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "often",
        "0/minute",
        "-1/minute",
        "1/minute; 5/hour",
        "10",
        "10/0 minutes",
        "1/week",
        "٣/minute",
        "1.5/minute",
    ],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        read_limit(text)
