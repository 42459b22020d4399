"""Versions are whole or absent, the pointer moves in one step, one trainer works at a time."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, small_bundle

from retention.bundle import read_bundle
from retention.errors import CannotWriteError, LockedError, NoChampionError
from retention.registry import Registry, new_version

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD, NEW = "20260101T000000Z-0000000", "20260102T000000Z-0000000"


def publish(registry: Registry, version: str) -> None:
    def write(folder: Path) -> None:
        (folder / "content").write_text(version)

    registry.publish(version, write)


def test_a_version_says_when_and_from_which_code() -> None:
    assert new_version(AT, "3f9c2ab0123") == "20260102T030405Z-3f9c2ab"
    assert new_version(AT, "unknown") == "20260102T030405Z-0000000"


def test_without_a_champion_the_message_gives_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(NoChampionError, match="run the trainer"):
        Registry(tmp_path).champion()


def test_promoting_moves_the_pointer_and_writes_the_log(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for version in (OLD, NEW):
        publish(registry, version)
        with registry.training_lock():
            registry.promote(version, at=AT, reason="better")
    assert registry.champion() == NEW
    assert registry.versions() == [OLD, NEW]
    assert (tmp_path / "live" / "champion.log").read_text().splitlines() == [
        f"2026-01-02T03:04:05Z - {OLD} better",
        f"2026-01-02T03:04:05Z {OLD} {NEW} better",
    ]


def test_a_version_is_never_changed(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    publish(registry, OLD)
    with pytest.raises(LockedError, match="never changed"):
        publish(registry, OLD)


def test_what_a_killed_publish_left_behind_is_swept(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    (tmp_path / "versions" / ".tmp-killed").mkdir(parents=True)
    publish(registry, OLD)
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [OLD]


def test_a_second_trainer_is_told_to_come_back(tmp_path: Path) -> None:
    with Registry(tmp_path).training_lock(), pytest.raises(LockedError), Registry(tmp_path).training_lock():
        pass


@pytest.mark.parametrize("call", ["fsync", "replace", "rename", "open"])
def test_whichever_write_fails_the_champion_is_the_old_one_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    registry = Registry(tmp_path)
    small_bundle(tmp_path / "versions" / OLD)
    with registry.training_lock():
        registry.promote(OLD, at=AT, reason="first")
    failures = []
    for failing in range(1, 100):
        version = f"20270101T{failing:06d}Z-0000000"
        broken = FailingCall(getattr(os, call), failing)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, broken)
            try:
                registry.publish(version, lambda folder, v=version: _fill(folder, v))  # type: ignore[misc]
                registry.promote(version, at=AT, reason="next")
            except CannotWriteError as error:
                failures.append((str(error), registry.champion()))
        assert read_bundle(registry.folder(registry.champion()), KEY).version in {OLD, *registry.versions()}
        if broken.calls < failing:
            break
    assert failures
    assert all(said.endswith(f"the champion is {champion}") for said, champion in failures)


def _fill(folder: Path, version: str) -> None:
    made = folder.parent.parent / "made" / version
    small_bundle(made)
    for path in made.iterdir():
        shutil.copy(path, folder)


class FailingCall:
    """A system call whose n-th use fails as a full disk does."""

    def __init__(self, real: Any, failing: int) -> None:
        self.calls, self._real, self._failing = 0, real, failing

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self._failing:
            raise OSError(28, "No space left on device")
        return self._real(*args, **kwargs)
