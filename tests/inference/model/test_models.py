"""The versions that could answer: listed, promoted, gone back to, looked for again."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from bundles import METRIC, VERSION, small_bundle
from serving import NOW, InMemoryScores

from retention.clock import rfc3339
from retention.errors import BadDataError, BundleRefusedError
from retention.registry.bundle import MANIFEST
from retention.registry.champion_log import moves
from retention.registry.files import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx
    from serving import Models, Serve

    from retention.registry.bundle import Bundle

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"
LAST = "20260103T000000Z-0000000"
OTHER_KEY = b"another key of thirty-two bytes."


class RecordedScores(InMemoryScores):
    """Remembers by which version everybody was scored."""

    def __init__(self) -> None:
        self.by: list[str] = []

    async def everybody(self, bundle: Bundle) -> int | None:
        self.by.append(bundle.version)
        return 3


class LateScores(RecordedScores):
    """A database that is away, or slow: once."""

    async def everybody(self, bundle: Bundle) -> int | None:
        await super().everybody(bundle)
        return 3 if len(self.by) > 1 else None


class UnscorableScores(RecordedScores):
    """Customers of another version's features."""

    async def everybody(self, bundle: Bundle) -> int | None:
        raise BadDataError(f"not by {bundle.version}")


async def listed(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await api.get("/models")
    assert answer.status_code == 200
    return {version["version"]: version for version in answer.json()["versions"]}


async def put(api: httpx.AsyncClient, version: object) -> httpx.Response:
    return await api.put("/models/champion", json={"version": version})


async def test_versions_are_listed_newest_first_with_what_they_say_of_themselves(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT), without={"card"})
    async with serve() as api:
        answer = await api.get("/models")

    newer, older = answer.json()["versions"]
    assert older == {
        "version": VERSION, "created_at": "2026-01-01T00:00:00Z", "grade": "B",
        "metrics": dict.fromkeys(("roc_auc", "pr_auc", "ece"), METRIC["value"]),
        "gate": {"passed": True, "reason": "ROC-AUC 0.740"},
        "champion": True, "serving": True, "sound": True, "reason": None,
    }  # fmt: skip
    assert newer == {
        "version": NEXT, "created_at": None, "grade": None,
        "metrics": dict.fromkeys(("roc_auc", "pr_auc", "ece")),
        "gate": None, "champion": False, "serving": False, "sound": True, "reason": None,
    }  # fmt: skip


async def test_a_champion_that_was_refused_is_champion_and_does_not_serve(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        models.publish(NEXT, key=OTHER_KEY)
        await api.post("/model/reload")
        found = await listed(api)

    assert (found[VERSION]["champion"], found[VERSION]["serving"], found[VERSION]["sound"]) == (False, True, True)
    assert (found[NEXT]["champion"], found[NEXT]["serving"], found[NEXT]["sound"]) == (True, False, False)
    assert found[NEXT]["reason"] == f"{NEXT}: the signature of manifest.json is not ours"


NESTED = b'{"a":' * 100_000
SAYING = {
    "metrics": {"roc_auc": {"value": float("nan")}, "pr_auc": {"value": 10**400}, "ece": "x"},
    "grade": {"grade": ["A"]}, "created_at": "\ud800", "gate": {"passed": False, "checks": [3, {"reason": {}}]},
}  # fmt: skip


@pytest.mark.parametrize(
    "manifest", [b"", b"\xff\xfe", b"[]", b"null", b"{}", NESTED, b"1" * 5000, json.dumps(SAYING).encode()]
)
async def test_a_broken_manifest_is_listed_as_not_sound_whatever_it_says(
    serve: Serve, models: Models, manifest: bytes
) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    (models.registry.folder(NEXT) / MANIFEST).write_bytes(manifest)
    async with serve() as api:
        found = await listed(api)
        metrics = await api.get("/metrics")

    assert found[NEXT]["sound"] is False
    assert set(found[NEXT]["metrics"].values()) == {None}
    assert str(models.registry.live_dir.parent) not in found[NEXT]["reason"]
    assert metrics.status_code == 200


async def test_without_the_key_nobody_knows_what_is_sound(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        models.key_file.unlink()
        found = await listed(api)

    assert found[VERSION]["sound"] == "unknown"
    assert "MODEL_SIGNING_KEY_FILE" in found[VERSION]["reason"]
    assert str(models.key_file) not in found[VERSION]["reason"]


async def test_a_version_that_is_spoiled_later_is_seen_to_be(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        assert (await listed(api))[VERSION]["sound"] is True
        (models.registry.folder(VERSION) / "churn.json").write_bytes(b"{}")
        assert (await listed(api))[VERSION]["sound"] is False


async def test_without_a_model_the_list_is_empty(serve: Serve) -> None:
    async with serve() as api:
        assert (await api.get("/models")).json() == {"versions": [], "history": []}


async def test_putting_the_champion_moves_it_serves_it_and_scores_everybody(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT), base_log_odds=0.9)
    scores = RecordedScores()
    async with serve(scores=scores) as api:
        answer = await put(api, NEXT)
        now = await api.get("/model")

    assert answer.json() == {"champion": NEXT, "before": VERSION, "changed": True, "scored": 3}
    assert answer.status_code == 200
    assert (now.json()["version"], models.registry.champion(), scores.by) == (NEXT, NEXT, [NEXT])


async def test_the_log_names_who_moved_it_and_the_list_shows_the_way_back(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    async with serve() as api:
        await put(api, NEXT)
        history = (await api.get("/models")).json()["history"]
        back = await put(api, history[0]["from"])

    assert history == [
        {"at": rfc3339(NOW), "from": VERSION, "to": NEXT, "reason": "api: without a key"},
        {"at": rfc3339(NOW), "from": None, "to": VERSION, "reason": "test"},
    ]
    assert (back.json()["champion"], back.json()["before"]) == (VERSION, NEXT)


async def test_putting_what_is_champion_already_changes_nothing_and_logs_nothing(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        answer = await put(api, VERSION)

    assert (answer.status_code, answer.json()["changed"], answer.json()["before"]) == (200, False, VERSION)
    assert len(moves(models.registry.live_dir / "champion.log")) == 1


async def test_scores_that_are_not_made_by_the_time_of_the_answer_are_null(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    async with serve(scores=LateScores()) as api:
        first, second = await put(api, NEXT), await put(api, NEXT)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == {"champion": NEXT, "before": VERSION, "changed": True, "scored": None}
    assert second.json() == {"champion": NEXT, "before": NEXT, "changed": False, "scored": 3}


async def test_customers_that_cannot_be_scored_are_a_409_that_says_that_the_champion_has_moved(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    async with serve(scores=UnscorableScores()) as api:
        answer = await put(api, NEXT)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_scorable")
    assert "champion has changed" in answer.json()["detail"]
    assert models.registry.champion() == NEXT


async def test_moves_at_the_same_time_end_with_scores_of_the_champion(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    for version in (NEXT, LAST):
        small_bundle(models.registry.folder(version))
    scores = RecordedScores()
    async with serve(scores=scores) as api:
        answers = await asyncio.gather(*(put(api, version) for version in (NEXT, LAST, VERSION, NEXT)))

    assert {answer.status_code for answer in answers} == {200}
    assert scores.by[-1] == models.registry.champion()
    assert all(answer.json()["champion"] == by for answer, by in zip(answers, scores.by, strict=True))


@pytest.mark.parametrize("version", ["20990101T000000Z-0000000"])
async def test_a_version_that_is_not_there_is_a_404(serve: Serve, models: Models, version: str) -> None:
    models.publish(VERSION)
    async with serve() as api:
        answer = await put(api, version)

    assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")
    assert models.registry.champion() == VERSION


@pytest.mark.parametrize(
    "version", [None, 1, "", "..", "../../etc/passwd", VERSION + "\n", VERSION + "x", "٢" + VERSION[1:], [VERSION], {}]
)
async def test_what_is_no_version_is_a_422(api: httpx.AsyncClient, version: object) -> None:
    answer = await put(api, version)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation")


async def test_a_version_that_is_not_sound_is_a_409_that_says_why_and_nothing_moves(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    (models.registry.folder(NEXT) / "churn.json").unlink()
    scores = RecordedScores()
    async with serve(scores=scores) as api:
        answer = await put(api, NEXT)

    assert (answer.status_code, answer.json()["code"]) == (409, "version_refused")
    assert answer.json()["errors"] == [
        {
            "pointer": "#/version", "code": "version_refused",
            "detail": f"{NEXT}: cannot read models/versions/{NEXT}/churn.json: No such file or directory",
        }
    ]  # fmt: skip
    assert (models.registry.champion(), scores.by) == (VERSION, [])


async def test_a_champion_that_is_spoiled_and_put_again_is_refused_too(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        (models.registry.folder(VERSION) / "churn.json").write_bytes(b"{}")
        answer = await put(api, VERSION)

    assert (answer.status_code, answer.json()["code"]) == (409, "version_refused")


async def test_without_the_key_nothing_is_said_about_the_version_and_nothing_moves(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    async with serve() as api:
        models.key_file.unlink()
        answer = await put(api, NEXT)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_verifiable")
    assert answer.json()["errors"] == [
        {
            "pointer": "#/version", "code": "not_verifiable",
            "detail": "MODEL_SIGNING_KEY_FILE: cannot read the file: No such file or directory",
        }
    ]  # fmt: skip
    assert models.registry.champion() == VERSION


async def test_a_champion_that_cannot_be_loaded_after_the_move_is_a_409_that_says_that_it_has_moved(
    serve: Serve, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, _: bytes) -> Bundle:
        raise BundleRefusedError(f"{folder.name}: spoiled a moment ago")

    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    scores = RecordedScores()
    async with serve(scores=scores) as api:
        monkeypatch.setattr("inference.model.live_bundle.read_bundle", refuse)
        answer = await put(api, NEXT)
        now = await api.get("/model")

    assert (answer.status_code, answer.json()["code"]) == (409, "champion_not_loaded")
    assert answer.json()["errors"][0]["detail"] == f"{NEXT}: spoiled a moment ago"
    assert (models.registry.champion(), now.json()["version"], scores.by) == (NEXT, VERSION, [])


async def test_a_volume_that_cannot_be_written_is_a_409_and_the_champion_stays(
    serve: Serve, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    (models.registry.live_dir / ".champion.new").mkdir()  # in the way of the next pointer, for any user
    async with serve() as api:
        answer = await put(api, NEXT)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_writable")
    assert str(models.registry.live_dir) not in answer.text
    assert str(models.registry.live_dir) in str([vars(record) for record in caplog.records])
    assert models.registry.champion() == VERSION


async def test_somebody_else_who_is_moving_it_is_a_503_that_says_when_to_ask_again(
    serve: Serve, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.registry.champion._MOVE_WAIT_S", 0)
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    with locked(models.registry.live_dir / "champion.log", wait_s=0, busy=""):
        async with serve() as api:
            answer = await put(api, NEXT)

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"


async def test_nobody_queues_behind_a_request_that_waits_for_somebody_else(
    serve: Serve, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.registry.champion._MOVE_WAIT_S", 1)
    monkeypatch.setattr("inference.http.admission.MOVE_WAIT_S", 0.05)
    models.publish(VERSION)
    with locked(models.registry.live_dir / "champion.log", wait_s=0, busy=""):
        async with serve() as api:
            waits, comes_later = (asyncio.create_task(put(api, VERSION)) for _ in range(2))
            done, _ = await asyncio.wait({waits, comes_later}, return_when=asyncio.FIRST_COMPLETED)
            answers = await asyncio.gather(waits, comes_later)

    assert done == {comes_later}
    assert [answer.status_code for answer in answers] == [503, 503]


async def test_reloading_reads_a_refused_version_again(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        small_bundle(models.registry.folder(NEXT))
        churn = models.registry.folder(NEXT) / "churn.json"
        content = churn.read_bytes()
        churn.write_bytes(b"{}")
        models.promote(NEXT)
        refused = await api.post("/model/reload")
        churn.write_bytes(content)
        mended = await api.post("/model/reload")
        again = await api.post("/model/reload")

    reason = f"{NEXT}: the content of churn.json is not what was published"
    assert (refused.status_code, refused.json()["code"]) == (409, "champion_not_loaded")
    assert reason in refused.text
    assert mended.json() == {"version": NEXT, "changed": True}
    assert again.json() == {"version": NEXT, "changed": False}


async def test_reloading_without_a_model_is_a_503(serve: Serve) -> None:
    async with serve() as api:
        answer = await api.post("/model/reload")

    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")


async def test_it_takes_an_admin_whose_name_goes_into_the_log(serve: Serve, models: Models, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    lines = [
        f"{name} {scopes} {sha256(name.encode()).hexdigest()}"
        for name, scopes in (("shop", "write"), ("boss", "admin"))
    ]
    keys.write_text("\n".join(lines))
    models.publish(VERSION)
    small_bundle(models.registry.folder(NEXT))
    async with serve(API_KEYS_FILE=str(keys)) as api:
        refused = [
            await api.put("/models/champion", json={"version": NEXT}, headers={"X-API-Key": "shop"}),
            await api.post("/model/reload", headers={"X-API-Key": "shop"}),
        ]
        seen = await api.get("/models", headers={"X-API-Key": "shop"})
        moved = await api.put("/models/champion", json={"version": NEXT}, headers={"X-API-Key": "boss"})
        open_to_all = await api.get("/metrics")

    assert [answer.status_code for answer in refused] == [403, 403]
    assert (seen.status_code, moved.status_code, open_to_all.status_code) == (200, 200, 200)
    assert moves(models.registry.live_dir / "champion.log")[-1].reason == "api: boss"


def statuses(paths: dict[str, Any], path: str, method: str) -> Sequence[str]:
    return sorted(paths[path][method]["responses"])


async def test_every_status_is_documented(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]

    assert {"200", "404", "409", "413", "415", "422", "503"} <= set(statuses(paths, "/models/champion", "put"))
    assert {"200", "503"} <= set(statuses(paths, "/model/reload", "post"))
    assert sorted(statuses(paths, "/metrics", "get")) == ["200", "400", "408", "413", "431"]
