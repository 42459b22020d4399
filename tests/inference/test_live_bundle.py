from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from bundles import KEY, VERSION, small_bundle

from inference.models.live_bundle import LiveBundle
from retention.errors import NoChampionError

if TYPE_CHECKING:
    from serving import Models

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"


@pytest.fixture
def live(models: Models) -> LiveBundle:
    return LiveBundle(models.registry, models.key_file)


def refusals(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.levelno == logging.ERROR for record in caplog.records)


async def test_a_new_champion_answers_from_the_next_look_on(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    await live.refresh()
    models.publish(NEXT)
    assert live.bundle.version == VERSION
    await live.refresh()

    assert live.bundle.version == NEXT


async def test_an_unchanged_champion_is_not_read_again(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    await live.refresh()
    before = live.bundle
    await live.refresh()

    assert live.bundle is before


async def test_a_tampered_champion_is_refused_while_the_old_one_goes_on(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    await live.refresh()
    small_bundle(models.registry.folder(NEXT))
    churn = models.registry.folder(NEXT) / "churn.json"
    churn.write_bytes(churn.read_bytes().replace(b"-0.8", b"-0.9"))
    models.promote(NEXT)
    await live.refresh()

    assert live.bundle.version == VERSION
    assert live.stale_reason == f"{NEXT}: the content of churn.json is not what was published"


async def test_a_refused_champion_is_logged_once_and_not_tried_again(
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION, key=b"another key of thirty-two bytes.")
    for _ in range(3):
        await live.refresh()

    assert refusals(caplog) == 1
    assert live.stale_reason is not None
    with pytest.raises(NoChampionError):
        _ = live.bundle


async def test_a_refused_champion_is_tried_again_when_it_is_promoted_again(
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION, key=b"another key of thirty-two bytes.")
    await live.refresh()
    models.promote(VERSION)
    await live.refresh()

    assert refusals(caplog) == 2


async def test_going_back_to_a_sound_version_ends_the_refusal(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    models.publish(NEXT, key=b"another key of thirty-two bytes.")
    await live.refresh()
    models.promote(VERSION)
    await live.refresh()

    assert (live.bundle.version, live.stale_reason) == (VERSION, None)


async def test_a_key_that_comes_later_lets_the_champion_in(live: LiveBundle, models: Models) -> None:
    models.key_file.unlink()
    models.publish(VERSION)
    await live.refresh()
    assert live.loaded is None
    assert str(models.key_file) not in str(live.stale_reason)
    models.key_file.write_bytes(KEY)
    await live.refresh()

    assert live.bundle.version == VERSION


async def test_a_file_that_comes_later_lets_the_champion_in(
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    churn = models.registry.folder(VERSION) / "churn.json"
    content = churn.read_bytes()
    churn.unlink()
    churn.symlink_to("nowhere")  # present in the listing, and unreadable: as when files have run out
    for _ in range(3):
        await live.refresh()
    assert (live.loaded, refusals(caplog)) == (None, 1)
    churn.unlink()
    churn.write_bytes(content)
    await live.refresh()

    assert live.bundle.version == VERSION


async def test_following_goes_on_after_what_nobody_foresaw(
    live: LiveBundle, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = asyncio.create_task(live.follow(poll_s=0.01))
    with monkeypatch.context() as patch:
        patch.setattr(models.registry, "champion", lambda: 1 / 0)
        await asyncio.sleep(0.1)
    models.publish(VERSION)
    async with asyncio.timeout(5):
        while live.loaded is None:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
    following.cancel()


async def test_an_empty_key_opens_nothing(live: LiveBundle, models: Models) -> None:
    models.key_file.write_bytes(b"\n")
    models.publish(VERSION, key=b"")
    await live.refresh()

    assert live.loaded is None


@pytest.mark.parametrize("content", [b"", b"../../etc", b"\xff\xfe", b"20990101T000000Z-0000000\n"])
async def test_a_pointer_to_nothing_changes_nothing(live: LiveBundle, models: Models, content: bytes) -> None:
    models.publish(VERSION)
    await live.refresh()
    (models.registry.live_dir / "champion").write_bytes(content)
    await live.refresh()

    assert live.bundle.version == VERSION
    assert live.stale_reason is not None
    assert str(models.registry.live_dir.parent) not in live.stale_reason
