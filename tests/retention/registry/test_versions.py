"""Versions are whole or absent, the pointer moves in one step, and one trainer runs at a time."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bundles import KEY, small_bundle

from retention.errors import BundleRefusedError, LockedError, NoChampionError, NoInputError
from retention.registry.champion import ChampionPointer
from retention.registry.champion_log import moves
from retention.registry.versions import Registry, new_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD, NEW = "20260101T000000Z-0000000", "20260102T000000Z-0000000"
FORK = multiprocessing.get_context("fork")


def publish(registry: Registry, version: str) -> None:
    def write(folder: Path) -> None:
        (folder / "content").write_text(version)

    registry.publish(version, write)


def test_a_version_is_named_for_its_time_and_code() -> None:
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


def test_leftovers_of_a_killed_publish_are_removed(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    (tmp_path / "versions" / ".tmp-killed").mkdir(parents=True)
    publish(registry, OLD)
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [OLD]


def test_a_publish_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "content").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Registry(tmp_path).publish(OLD, fail)
    assert not list((tmp_path / "versions").iterdir())


def test_a_chosen_version_is_promoted_once(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for version in (OLD, NEW):
        small_bundle(registry.folder(version))
    registry.promote(OLD, at=AT, reason="first")
    assert registry.promote_by_hand(NEW, key=KEY, at=AT, reason="chosen") == OLD
    assert registry.promote_by_hand(NEW, key=KEY, at=AT, reason="chosen") == NEW
    assert registry.champion() == NEW
    assert [move.version for move in moves(tmp_path / "live" / "champion.log")] == [OLD, NEW]


def test_choosing_an_unknown_or_unsound_version_fails_and_the_champion_stays(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for version in (OLD, NEW):
        small_bundle(registry.folder(version))
    registry.promote(OLD, at=AT, reason="first")
    (registry.folder(NEW) / "churn.json").write_bytes(b"{}")
    with pytest.raises(BundleRefusedError, match=r"churn\.json is not what was published"):
        registry.promote_by_hand(NEW, key=KEY, at=AT, reason="chosen")
    for unknown in ("20260103T000000Z-0000000", "../live", ""):
        with pytest.raises(NoInputError, match="no version"):
            registry.promote_by_hand(unknown, key=KEY, at=AT, reason="chosen")
    assert registry.champion() == OLD
    assert len(moves(tmp_path / "live" / "champion.log")) == 1


def test_the_champion_can_be_moved_while_a_training_run_goes_on(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    small_bundle(registry.folder(OLD))
    with registry.training_lock():
        assert Registry(tmp_path).promote_by_hand(OLD, key=KEY, at=AT, reason="from the API") is None
    assert registry.champion() == OLD


def test_choosing_the_champion_again_verifies_it(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    small_bundle(registry.folder(OLD))
    registry.promote(OLD, at=AT, reason="first")
    (registry.folder(OLD) / "churn.json").write_bytes(b"{}")
    with pytest.raises(BundleRefusedError, match=r"churn\.json is not what was published"):
        registry.promote_by_hand(OLD, key=KEY, at=AT, reason="chosen")


def test_of_several_choosing_the_same_version_one_moves_the_champion(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for version in (OLD, NEW):
        small_bundle(registry.folder(version))
    registry.promote(OLD, at=AT, reason="first")
    with ThreadPoolExecutor() as people:
        choices = [people.submit(Registry(tmp_path).promote_by_hand, NEW, key=KEY, at=AT, reason="") for _ in range(4)]
    assert sorted(str(choice.result()) for choice in choices) == [OLD, NEW, NEW, NEW]


@pytest.mark.parametrize(
    "step",
    [
        lambda registry: registry.promote(OLD, at=AT, reason="next"),
        lambda registry: registry.promote_by_hand(OLD, key=KEY, at=AT, reason="next"),
        lambda registry: registry.rollback(key=KEY, at=AT, reason="next"),
        lambda registry: registry.prune(key=KEY),
    ],
    ids=["promote", "promote by hand", "rollback", "prune"],
)
def test_moving_and_pruning_wait_for_a_move_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[Registry], object]
) -> None:
    monkeypatch.setattr("retention.registry.champion._MOVE_WAIT_S", 0.05)
    with ChampionPointer(tmp_path).lock(), pytest.raises(LockedError, match="moving the champion"):
        step(Registry(tmp_path))


def test_concurrent_moves_happen_one_after_the_other(tmp_path: Path) -> None:
    versions = [f"202601{day:02d}T000000Z-0000000" for day in range(1, 21)]

    def promote(version: str) -> None:
        start.wait()
        Registry(tmp_path).promote(version, at=AT, reason="at the same time")

    start = threading.Barrier(len(versions))
    threads = [threading.Thread(target=promote, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logged = moves(tmp_path / "live" / "champion.log")
    assert sorted(move.version for move in logged) == versions
    assert [move.before for move in logged] == ["-", *(move.version for move in logged[:-1])]
    assert logged[-1].version == Registry(tmp_path).champion()


@pytest.mark.drill
def test_of_two_trainers_one_publishes_and_the_other_is_locked_out_in_each_of_twenty_turns(tmp_path: Path) -> None:
    for turn in range(20):
        barrier = FORK.Barrier(2)
        version = f"20260101T0000{turn:02d}Z-0000000"
        trainers = [FORK.Process(target=train, args=(tmp_path, version, barrier)) for _ in range(2)]
        for trainer in trainers:
            trainer.start()
        for trainer in trainers:
            trainer.join(30)
        assert sorted(trainer.exitcode or 0 for trainer in trainers) == [0, 75]
        assert Registry(tmp_path).champion() == version


def train(models_dir: Path, version: str, barrier: Barrier) -> None:
    """Runs as a process: tries the lock when the other does, and keeps it until the other has tried."""
    registry = Registry(models_dir)
    barrier.wait(30)
    try:
        with registry.training_lock():
            publish(registry, version)
            registry.promote(version, at=AT, reason="first")
            barrier.wait(30)
    except LockedError as error:
        barrier.wait(30)
        os._exit(error.exit_code)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")
def test_two_users_of_one_group_move_the_champion_despite_umask_and_leftovers() -> None:
    """As in the containers: trainer and API have a user each, and their common group owns `live/`."""
    trainer, inference, group = 10002, 10003, 10010
    with tempfile.TemporaryDirectory() as name:  # other users may not read tmp_path
        models_dir = Path(name)
        models_dir.chmod(0o755)
        (models_dir / "live").mkdir()
        os.chown(models_dir / "live", trainer, group)
        (models_dir / "live").chmod(0o2770)
        for turn, user in enumerate((trainer, inference, trainer, inference)):
            version = f"2026010{turn + 1}T000000Z-0000000"
            process = FORK.Process(target=promote_as, args=(user, group, models_dir, version))
            process.start()
            process.join(30)
            assert process.exitcode == 0, f"turn {turn}, user {user}"
        assert [move.version[7] for move in moves(models_dir / "live" / "champion.log")] == ["1", "2", "3", "4"]


def promote_as(user: int, group: int, models_dir: Path, version: str) -> None:
    """Runs as a process: promotes under the training lock, and leaves a temporary pointer as if killed."""
    os.setgroups([group])
    os.setgid(user)
    os.setuid(user)
    os.umask(0o077)
    registry = Registry(models_dir)
    assert version.startswith("20260101") or registry.champion() < version
    with registry.training_lock():
        registry.promote(version, at=AT, reason="in turn")
    (models_dir / "live" / ".champion.new").write_text("a kill")
