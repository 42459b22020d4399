"""GET /model: what the model that answers says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bundles import CARD, METRIC, VERSION
from openapi_document import responses_of
from serving import NOW, ORDERS, UnreachableCustomers

from retention.clock import rfc3339
from retention.scoring.churn import sigmoid

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"


@pytest.mark.parametrize("path", ["/model", "/model/metadata"])
async def test_the_model_says_what_it_is_and_how_good_it_was(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"  # another may be promoted at any moment
    assert answer.json() == {
        "version": VERSION,
        "trained_at": "2026-01-01T00:00:00Z",
        "champion_since": rfc3339(NOW),
        "git_revision": "3f9c2ab",
        "data_clock": "2011-12-10T00:00:00Z",
        "horizon_days": 90,
        "windows": CARD["windows"],
        "rows": CARD["rows"],
        "features": ["Frequency", "Recency", "distinct_products"],
        "threshold": {"value": 0.4, "policy": "recall ≥ 0.80 out of fold"},
        "metrics": dict.fromkeys(("roc_auc", "pr_auc", "brier", "brier_skill", "ece", "lift_top_decile"), METRIC),
        "grade": CARD["grade"],
        "gate": CARD["gate"],
        "comparison": CARD["comparison"],
        "season": [{"month": 11, "log_odds": -0.2}, {"month": 12, "log_odds": 0.25}],
        "single_order": [
            {
                "recency_below_days": recency_below, "products_below": products_below, "customers": customers,
                "churn_rate": sigmoid(log_odds), "low": sigmoid(low), "high": sigmoid(high),
            }
            for recency_below, products_below, customers, log_odds, low, high in (
                (60.0, 5.0, 120, -0.1, -0.4, 0.2), (60.0, None, 80, -0.7, -1.1, -0.3),
                (None, None, 290, 1.05, 0.85, 1.25),
            )
        ],
    }  # fmt: skip


async def test_what_an_older_model_does_not_say_is_null(serve: Serve, models: Models) -> None:
    models.publish(VERSION, without={"card"})
    async with serve() as api:
        answer = await api.get("/model")

    assert answer.status_code == 200
    card = answer.json()
    unsaid = ("trained_at", "git_revision", "windows", "rows", "grade", "gate", "comparison")
    assert [card[name] for name in unsaid] == [None] * len(unsaid)
    assert set(card["metrics"].values()) == {None}
    assert card["threshold"] == {"value": 0.4, "policy": None}


async def test_without_a_model_it_is_a_503_that_says_when_to_ask_again(serve: Serve) -> None:
    async with serve() as api:
        answer = await api.get("/model")

    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")
    assert answer.headers["retry-after"] == "1"


async def test_it_needs_no_database(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        assert (await api.get("/model")).status_code == 200


def log(models: Models, *lines: str) -> Path:
    path = models.registry.live_dir / "champion.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


async def test_a_model_that_came_back_is_champion_since_then(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    log(
        models,
        f"2026-01-01T00:00:00Z - {VERSION} gate",
        f"2026-01-02T00:00:00Z {VERSION} {NEXT} gate",
        f"2026-01-03T00:00:00Z {NEXT} {VERSION} rolled back: by hand",
        f"2026-01-04T00:00:00Z {VERSION} {NEXT} cut short before the poin",
    )
    async with serve() as api:
        assert (await api.get("/model")).json()["champion_since"] == "2026-01-03T00:00:00Z"


@pytest.mark.parametrize("is_there", [True, False])
async def test_without_a_line_in_the_log_nobody_knows_since_when(
    serve: Serve, models: Models, *, is_there: bool
) -> None:
    models.publish(VERSION)
    path = log(models)
    if not is_there:
        path.unlink()
        path.mkdir()  # as unreadable as can be, for any user
    async with serve() as api:
        answer = await api.get("/model")

    assert (answer.status_code, answer.json()["champion_since"]) == (200, None)


async def test_both_addresses_are_documented_with_every_status(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()

    for path in ("/model", "/model/metadata"):
        responses = responses_of(document, document["paths"][path]["get"])
        assert set(responses) >= {"200", "503"}
        assert responses["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ModelCard"}
        assert responses["503"]["headers"]["Retry-After"]
