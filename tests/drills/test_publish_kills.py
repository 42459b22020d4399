"""The publish drill in short (`scripts/drill publish` is the long form), that it can fail, and every step by itself."""

from __future__ import annotations

import multiprocessing
import signal
from typing import TYPE_CHECKING

import pytest
from drills.publish_drill import drill, untidy
from drills.publishing import LARGE_FILES, Content, contents, prepare, publish_next
from drills.reading import Reads
from drills.system_calls import SystemCalls, full_disk, kill

from retention.errors import CannotWriteError
from retention.registry.champion_log import moves
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.drill

SEED = 1  # of where to kill; what a kill hits differs all the same
FORK = multiprocessing.get_context("fork")


def test_killed_twenty_five_times_while_publishing_every_read_is_whole(tmp_path: Path) -> None:
    tally = drill(tmp_path, kills=25, seed=SEED)
    assert not tally.faults
    assert (tally.kills, tally.torn, tally.unreadable, tally.after_kills.good) == (25, 0, 0, 25)
    assert tally.reader.good > 0


def test_without_temporary_folder_and_rename_the_same_drill_sees_torn_reads(tmp_path: Path) -> None:
    assert drill(tmp_path, kills=3, seed=SEED, in_place=True).torn > 0


@pytest.fixture
def both(tmp_path: Path) -> tuple[Content, Content]:
    """Contents without what is large: it is not the size that matters here."""
    prepare(tmp_path / "prepared")
    for content in (found := contents(tmp_path / "prepared")):
        for name in LARGE_FILES:
            del content.files[name]
    return found


@pytest.fixture
def registry(tmp_path: Path, both: tuple[Content, Content]) -> Registry:
    """Return one in which every publication has something to delete."""
    registry = Registry(tmp_path / "models")
    for _ in range(6):
        publish_next(registry, both)
    return registry


def run(registry: Registry, both: tuple[Content, Content], nth: int, happens: Callable[[], None]) -> bool:
    """Publish, promote, go back and delete; what happens at the n-th change of a file. False when there are fewer."""
    with pytest.MonkeyPatch.context() as patch:
        calls = SystemCalls(patch, nth=nth, happens=happens)
        try:
            publish_next(registry, both, rollback=True)
        except CannotWriteError as error:
            said = str(error)
            assert "No space left on device: make room" in said
            assert said.endswith(f"the champion is {registry.champion()}")
            assert moves(registry.live_dir / "champion.log")[-1].version == registry.champion()
        else:
            assert not calls.reached
        return calls.reached


def check_and_go_on(registry: Registry, both: tuple[Content, Content], before: str) -> None:
    reads = Reads()
    assert reads.read(registry) in {before, *registry.versions()[-1:]}
    assert reads.good == 1
    publish_next(registry, both)
    assert registry.champion() == registry.versions()[-1]
    assert not untidy(registry)


def test_whichever_change_of_a_file_fails_old_or_new_is_read_whole_and_the_next_run_succeeds(
    registry: Registry, both: tuple[Content, Content]
) -> None:
    for nth in range(1, 1000):
        before = registry.champion()
        reached = run(registry, both, nth, full_disk)
        check_and_go_on(registry, both, before)
        if not reached:
            break
    assert 50 < nth < 1000


def test_killed_at_whichever_change_of_a_file_old_or_new_is_read_whole_and_the_next_run_succeeds(
    registry: Registry, both: tuple[Content, Content]
) -> None:
    for nth in range(1, 1000):
        before = registry.champion()
        process = FORK.Process(target=run, args=(registry, both, nth, kill))
        process.start()
        process.join(30)
        assert process.exitcode in {0, -signal.SIGKILL}
        check_and_go_on(registry, both, before)
        if process.exitcode == 0:
            break
    assert 50 < nth < 1000


def test_everything_is_on_the_disk_before_its_name_and_a_version_before_the_pointer_to_it(
    registry: Registry, both: tuple[Content, Content]
) -> None:
    made = changes(registry, both)
    temporary = next(path for name, path in made if name == "rename").name
    files = [path.name for name, path in made if name == "write" and path.parent.name == temporary]
    steps = [(name, path.name) for name, path in made if name in {"write", "fsync", "rename", "replace"}]
    expected = [
        *((name, file) for file in files for name in ("write", "fsync")),
        *(("fsync", temporary), ("rename", temporary), ("fsync", "versions")),
        *(("write", "champion.log"), ("fsync", "champion.log")),
        *(("write", ".champion.new"), ("fsync", ".champion.new"), ("replace", ".champion.new"), ("fsync", "live")),
    ]
    assert sorted(files) == sorted(path.name for path in registry.folder(registry.champion()).iterdir())
    assert steps[: len(expected)] == expected


def test_a_deleted_version_loses_its_name_for_good_before_its_first_file(
    registry: Registry, both: tuple[Content, Content]
) -> None:
    oldest = registry.versions()[0]
    steps = [(name, path.name) for name, path in changes(registry, both)]
    renamed = steps.index(("rename", oldest))
    synced = steps.index(("fsync", "versions"), renamed)
    unlinked = [step for step, (name, file) in enumerate(steps) if name == "unlink" and file == "churn.json"]
    assert renamed < synced < min(unlinked)


def changes(registry: Registry, both: tuple[Content, Content]) -> list[tuple[str, Path]]:
    """Return the calls of one undisturbed publication."""
    with pytest.MonkeyPatch.context() as patch:
        calls = SystemCalls(patch)
        publish_next(registry, both)
    return calls.made
