from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, VERSION, small_bundle
from serving import NOW

from inference.model import live_bundle
from inference.model.live_bundle import LiveBundle
from retention.clock import rfc3339
from retention.errors import NoChampionError
from retention.registry.bundle import MANIFEST, Bundle, read_bundle

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from serving import Models

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"


OTHER_KEY = b"another key of thirty-two bytes."


class HandClock:
    """Seconds that pass when it is told so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def counted() -> Counter[str]:
    """How many champions were read, by what came of it."""
    return Counter()


@pytest.fixture
def live(models: Models, clock: HandClock, counted: Counter[str]) -> LiveBundle:
    return LiveBundle(
        models.registry, models.key_file, count=lambda result: counted.update([result]), monotonic_s=clock
    )


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


async def test_a_refused_champion_is_logged_and_counted_once_and_not_tried_again(
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture, clock: HandClock, counted: Counter[str]
) -> None:
    models.publish(VERSION, key=OTHER_KEY)
    for _ in range(3):
        clock.now_s += 1000
        await live.refresh()

    assert (refusals(caplog), counted) == (1, {"refused": 1})
    assert live.stale_reason is not None
    with pytest.raises(NoChampionError):
        _ = live.bundle


async def test_a_refused_champion_is_tried_again_when_it_is_promoted_again(
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION, key=OTHER_KEY)
    await live.refresh()
    models.promote(VERSION)
    await live.refresh()

    assert refusals(caplog) == 2


async def test_going_back_to_a_sound_version_ends_the_refusal(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    models.publish(NEXT, key=OTHER_KEY)
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
    live: LiveBundle, models: Models, caplog: pytest.LogCaptureFixture, clock: HandClock
) -> None:
    models.publish(VERSION)
    churn = models.registry.folder(VERSION) / "churn.json"
    content = churn.read_bytes()
    churn.unlink()
    for _ in range(3):
        await live.refresh()
        clock.now_s += 10
    assert (live.loaded, refusals(caplog)) == (None, 1)
    churn.write_bytes(content)
    await live.refresh()

    assert live.bundle.version == VERSION


async def test_a_file_that_cannot_be_read_is_tried_again_after_pauses_that_grow_to_a_minute(
    live: LiveBundle, models: Models, clock: HandClock, counted: Counter[str]
) -> None:
    models.publish(VERSION)
    (models.registry.folder(VERSION) / "churn.json").unlink()
    tried = []
    for _ in range(300):
        before = counted["unreadable"]
        await live.refresh()
        tried += [clock.now_s] * (counted["unreadable"] - before)
        clock.now_s += 1

    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


async def test_a_version_that_was_refused_and_is_repaired_in_its_place_is_read_when_somebody_asks(
    live: LiveBundle, models: Models
) -> None:
    models.publish(VERSION)
    churn = models.registry.folder(VERSION) / "churn.json"
    content = churn.read_bytes()
    churn.write_bytes(b"{}")
    await live.refresh()
    churn.write_bytes(content)
    await live.refresh()
    assert live.loaded is None  # versions are never changed: nobody looks for that
    await live.refresh(force=True)

    assert live.bundle.version == VERSION


async def test_while_the_pointer_stands_still_nothing_but_it_and_the_key_is_looked_at(
    live: LiveBundle, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.publish(VERSION)
    await live.refresh()
    looked_at: set[str] = set()
    stat, opened = Path.stat, Path.open

    def noted_stat(path: Path, **more: Any) -> os.stat_result:
        looked_at.add(path.name)
        return stat(path, **more)

    def noted_open(path: Path, *more: Any, **named: Any) -> Any:
        looked_at.add(path.name)
        return opened(path, *more, **named)

    monkeypatch.setattr(Path, "stat", noted_stat)
    monkeypatch.setattr(Path, "open", noted_open)
    await live.refresh()
    assert looked_at == {"champion", models.key_file.name}

    await live.refresh(force=True)
    assert {MANIFEST, "churn.json"} <= looked_at


async def test_two_moves_within_one_tick_of_the_clock_are_told_apart(
    live: LiveBundle, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bundle, "_stamp", lambda _: (0, 0, 0))
    models.publish(VERSION)
    await live.refresh()
    models.publish(NEXT)
    await live.refresh()

    assert live.bundle.version == NEXT


async def test_bundle_and_since_when_it_is_champion_are_swapped_together(live: LiveBundle, models: Models) -> None:
    models.publish(VERSION)
    await live.refresh()
    before = live.required
    models.publish(NEXT)
    await live.refresh()

    assert (before.bundle.version, before.champion_since) == (VERSION, rfc3339(NOW))
    assert live.required.bundle.version == NEXT


async def test_the_old_bundle_is_given_back_at_once_after_a_swap(live: LiveBundle, models: Models) -> None:
    old = "20251231T000000Z-0000000"  # of this test alone: others leave theirs until they are collected
    models.publish(old)
    await live.refresh()
    models.publish(NEXT)
    await live.refresh()

    assert not [thing for thing in gc.get_objects() if type(thing) is Bundle and thing.version == old]


async def test_a_slow_look_does_not_undo_a_later_one(
    live: LiveBundle, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def read_slowly(folder: Path, key: bytes) -> Bundle:
        bundle = read_bundle(folder, key)
        if folder.name == VERSION:
            reading.set()
            go_on.wait(5)
        return bundle

    monkeypatch.setattr(live_bundle, "read_bundle", read_slowly)
    models.publish(VERSION)
    first = asyncio.create_task(live.refresh())
    await asyncio.to_thread(reading.wait, 5)
    models.publish(NEXT)
    second = asyncio.create_task(live.refresh())
    await asyncio.wait({second}, timeout=0.3)  # it would be done by then if it did not wait for the first
    go_on.set()
    await asyncio.gather(first, second)

    assert live.bundle.version == NEXT


async def test_looks_at_the_same_time_read_the_champion_once(
    live: LiveBundle, models: Models, counted: Counter[str]
) -> None:
    models.publish(VERSION)
    await asyncio.gather(*(live.refresh() for _ in range(5)))

    assert counted == {"loaded": 1}


async def test_following_goes_on_after_what_nobody_foresaw(
    live: LiveBundle, models: Models, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    following = asyncio.create_task(live.follow(poll_s=0.01))
    with monkeypatch.context() as patch:
        patch.setattr(models.registry, "champion", lambda: 1 / 0)
        await until(lambda: "unexpected error while checking for a new champion" in caplog.messages)
    models.publish(VERSION)
    await until(lambda: live.loaded is not None)
    following.cancel()


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happens():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


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
