"""Rollback: which version it goes to, what the log holds after a kill, and which versions are never deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from bundles import KEY, small_bundle

from retention.errors import BundleRefusedError, NoChampionError, NotPermittedError
from retention.registry.bundle import read_bundle
from retention.registry.champion_log import Move, earlier_champions, moves
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
A, B, C, D, E, F, G, H = (f"2026010{day}T000000Z-0000000" for day in range(1, 9))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def promote(registry: Registry, *versions: str) -> None:
    for version in versions:
        if not registry.folder(version).exists():
            small_bundle(registry.folder(version))
        registry.promote(version, at=AT, reason="next")


def rollback(registry: Registry) -> str:
    version = registry.rollback(key=KEY, at=AT, reason="by hand")
    assert version == registry.champion()
    return version


def spoil(registry: Registry, version: str) -> None:
    (registry.folder(version) / "churn.json").write_bytes(b"{}")


def log(registry: Registry) -> Path:
    return registry.live_dir / "champion.log"


def test_a_rollback_goes_to_the_previous_champion_and_a_second_one_further_back(registry: Registry) -> None:
    promote(registry, A, B, C)
    assert rollback(registry) == B
    assert rollback(registry) == A
    with pytest.raises(NoChampionError, match="no sound version was champion before"):
        rollback(registry)
    assert registry.champion() == A
    assert [move.reason for move in moves(log(registry))[3:]] == ["rolled back: by hand"] * 2


def test_a_champion_that_was_rolled_back_from_is_never_a_rollback_target(
    registry: Registry,
) -> None:
    promote(registry, A, B)
    rollback(registry)
    promote(registry, C)
    assert rollback(registry) == A


def test_promoting_an_older_version_by_hand_is_undone_by_a_rollback(registry: Registry) -> None:
    promote(registry, A, B, A)
    assert rollback(registry) == B
    assert rollback(registry) == A


def test_missing_and_unsound_versions_are_skipped(registry: Registry) -> None:
    promote(registry, A, B, C, D)
    registry.folder(C).rename(registry.versions_dir / "elsewhere")
    spoil(registry, B)
    assert rollback(registry) == A


def test_a_version_is_never_rolled_back_to_itself(registry: Registry) -> None:
    promote(registry, A, B, B)
    assert rollback(registry) == A
    promote(registry, B, A)
    spoil(registry, B)
    with pytest.raises(NoChampionError):
        rollback(registry)


def test_without_a_champion_there_is_nothing_to_roll_back(registry: Registry) -> None:
    with pytest.raises(NoChampionError, match="run the trainer"):
        rollback(registry)


@pytest.mark.parametrize("torn", [b"2026-01-02T03:04:05Z 2026", f"2026-01-02T03:04:05Z {B} {C[:-1]}".encode()])
def test_an_unfinished_line_does_not_spoil_later_lines(registry: Registry, torn: bytes) -> None:
    promote(registry, A, B)
    with log(registry).open("ab") as file:
        file.write(torn)
    promote(registry, C)
    assert log(registry).read_bytes().splitlines()[2] == torn
    assert [move.version for move in moves(log(registry))] == [A, B, C]
    assert rollback(registry) == B


@pytest.mark.parametrize("reason", ["next", "rolled back: by hand"])
def test_a_move_that_was_logged_but_not_made_is_reversed_by_the_next(registry: Registry, reason: str) -> None:
    promote(registry, A, B)
    small_bundle(registry.folder(D))
    cut_short = A if reason.startswith("rolled") else D
    with log(registry).open("a") as file:
        file.write(Move("2026-01-02T03:04:05Z", B, cut_short, reason).line() + "\n")
    promote(registry, C)
    assert [(move.before, move.version) for move in moves(log(registry))[2:]] == [
        (B, cut_short),
        (cut_short, B),
        (B, C),
    ]
    assert rollback(registry) == B
    assert rollback(registry) == A


def test_a_reason_of_several_lines_is_one_line_without_control_characters(registry: Registry) -> None:
    small_bundle(registry.folder(A))
    forged = f"worse\n2026-01-02T03:04:05Z - {B} forged\r\x1b[2J\u2028\udcff " + "x" * 5000
    registry.promote(A, at=AT, reason=forged)
    (line,) = log(registry).read_text().splitlines()
    assert line.startswith(f"2026-01-02T03:04:05Z - {A} worse 2026-01-02T03:04:05Z - {B} forged [2J xxx")
    assert len(line) < 2_100
    assert [move.version for move in moves(log(registry))] == [A]


def test_a_log_whose_start_was_lost_still_names_the_champion_before_it() -> None:
    assert earlier_champions([Move("", A, B, "next")]) == [A]
    assert earlier_champions([]) == []


def test_the_last_five_versions_are_kept(registry: Registry) -> None:
    promote(registry, A, B, C, D, E, F, G)
    assert registry.prune(key=KEY) == [A, B]
    assert registry.versions() == [C, D, E, F, G]
    assert registry.prune(key=KEY) == []
    assert {path.name for path in registry.versions_dir.iterdir()} == {C, D, E, F, G}


def test_neither_the_champion_nor_the_rollback_target_is_deleted(registry: Registry) -> None:
    promote(registry, A, B, C)
    spoil(registry, B)
    for refused_challenger in (D, E, F, G, H):
        small_bundle(registry.folder(refused_challenger))
    assert registry.prune(key=KEY) == [B]
    assert registry.versions() == [A, C, D, E, F, G, H]
    assert rollback(registry) == A


def test_without_a_champion_nothing_is_deleted(registry: Registry) -> None:
    for version in (A, B, C, D, E, F):
        small_bundle(registry.folder(version))
    assert registry.prune(key=KEY) == []


def test_with_a_new_key_the_champion_and_the_last_five_are_kept(registry: Registry) -> None:
    for version in (A, B, C, D, E, F, G):
        small_bundle(registry.folder(version))
    promote(registry, A)
    assert registry.prune(key=b"other" * 8) == [B]
    assert registry.versions() == [A, C, D, E, F, G]


def test_leftovers_of_a_killed_prune_are_removed_by_the_next(registry: Registry) -> None:
    promote(registry, A)
    small_bundle(registry.versions_dir / f".tmp-{B}")
    registry.prune(key=KEY)
    assert [path.name for path in registry.versions_dir.iterdir()] == [A]


def test_a_reader_of_a_version_that_is_being_deleted_is_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(registry, A, B, C, D, E, F, G)
    whole = type(registry.folder(A)).read_bytes

    def read_then_prune(path: Path) -> bytes:
        content = whole(path)
        if path.name == "manifest.sig" and path.parent.name == A:
            registry.prune(key=KEY)
        return content

    monkeypatch.setattr(type(registry.folder(A)), "read_bytes", read_then_prune)
    with pytest.raises(BundleRefusedError, match="cannot read"):
        read_bundle(registry.folder(A), KEY)
    assert read_bundle(registry.folder(registry.champion()), KEY).version == G


def test_stray_files_and_links_do_no_harm(registry: Registry, tmp_path: Path) -> None:
    promote(registry, A)
    (registry.versions_dir / ".tmp-stray").write_text("")
    (registry.versions_dir / ".tmp-link").symlink_to(tmp_path)
    (registry.versions_dir / G).write_text("no folder, though named like a version")
    promote(registry, B)
    with registry.training_lock():
        registry.prune(key=KEY)
    assert registry.versions() == [A, B]
    assert not list(registry.versions_dir.glob(".tmp-*"))
    assert tmp_path.is_dir()


def test_an_unreadable_champion_file_is_named(registry: Registry) -> None:
    (registry.live_dir / "champion").mkdir(parents=True)
    with pytest.raises(NotPermittedError, match="champion: Is a directory"):
        registry.champion()
