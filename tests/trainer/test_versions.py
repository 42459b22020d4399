"""The commands on versions, run as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from bundles import KEY, small_bundle

from retention.registry.bundle import MANIFEST, SIGNATURE, write_bundle
from retention.registry.versions import Registry
from trainer import repository as trainer_store
from trainer import score
from trainer.__main__ import main
from trainer.score import Scored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD, NEW, NEXT = (f"2026010{day}T000000Z-3f9c2ab" for day in (1, 2, 3))


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Three sound versions; the first two were promoted in turn."""
    (tmp_path / "key").write_bytes(KEY)
    monkeypatch.setenv("MONGO_URI", "mongodb://nobody.asks.it.invalid")
    monkeypatch.setattr(
        score, "score_champion", lambda *_: Scored("it", 7, 0, 0, {}, 0.0)
    )  # tests/trainer/test_score.py
    monkeypatch.setattr(trainer_store, "open_store", lambda *_, **__: nullcontext())
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(tmp_path / "key"))
    registry = Registry(tmp_path / "models")
    for version in (OLD, NEW, NEXT):
        small_bundle(registry.folder(version))
    for version in (OLD, NEW):
        registry.promote(version, at=AT, reason="ROC-AUC 0.742 above the time rule's 0.683")
    return registry


def describe(registry: Registry, version: str, files: Mapping[str, bytes] | None = None, **known: object) -> None:
    """Publish the version again, its manifest described by `known` alone, with more `files`."""
    folder = registry.folder(version)
    files = {path.name: path.read_bytes() for path in folder.iterdir()} | dict(files or {})
    manifest = json.loads(files.pop(MANIFEST))
    del files[SIGNATURE]
    kept = {name: manifest[name] for name in manifest.keys() - {"sha256", "created_at", "grade", "metrics"}}
    write_bundle(folder, kept | known, files, KEY)


def last_line(registry: Registry) -> str:
    """Return the latest line of the log without its time."""
    return (registry.live_dir / "champion.log").read_text().splitlines()[-1].partition(" ")[2]


def test_the_list_shows_date_grade_roc_auc_and_champion(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    auc = {"value": 0.742, "low": 0.725, "high": 0.759}
    describe(registry, NEW, created_at="2026-01-02T00:00:00Z", grade={"grade": "B"}, metrics={"roc_auc": auc})
    for older_kind in (OLD, NEXT):
        describe(registry, older_kind)
    assert main(["list"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["VERSION", "CREATED", "GRADE", "ROC-AUC"],
        [NEXT, "-", "-", "-"],
        ["*", NEW, "2026-01-02T00:00:00Z", "B", "0.742", "(0.725", "to", "0.759)", "champion"],
        [OLD, "-", "-", "-"],
    ]


def test_an_unsound_version_and_a_missing_champion_are_listed_with_the_reason(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    (registry.folder(OLD) / "churn.json").write_bytes(b"{}")
    registry.folder(NEW).rename(registry.versions_dir / "elsewhere")
    assert main(["list"]) == 0
    _, next_one, missing, unsound = capsys.readouterr().out.splitlines()
    assert "UNSOUND" not in next_one
    assert missing.startswith(f"*  {NEW}")
    assert "champion UNSOUND: cannot read" in missing
    assert unsound.endswith("UNSOUND: the content of churn.json is not what was published")


def test_the_json_list_has_the_same_content(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    describe(registry, NEW, created_at="2026-01-02T00:00:00Z", grade={"grade": "B"})
    (registry.folder(OLD) / "churn.json").unlink()
    assert main(["list", "--json"]) == 0
    next_one, new, old = json.loads(capsys.readouterr().out)
    assert (next_one["version"], next_one["champion"], next_one["refused"]) == (NEXT, False, None)
    assert new == {
        "version": NEW,
        "champion": True,
        "created_at": "2026-01-02T00:00:00Z",
        "grade": "B",
        "roc_auc": None,
        "refused": None,
    }
    assert "churn.json" in old["refused"]


def test_an_empty_list_gives_the_next_step(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELS_DIR", str(registry.versions_dir.parent.parent / "none"))
    assert main(["list"]) == 0
    assert "'python -m trainer train'" in capsys.readouterr().out


def test_a_version_is_promoted_by_hand_with_the_reason_in_the_log(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", NEXT, "--reason", "the shop moved"]) == 0
    assert registry.champion() == NEXT
    assert last_line(registry) == f"{NEW} {NEXT} promoted by hand: the shop moved"
    assert capsys.readouterr().out.splitlines() == [f"champion     {NEXT}", "scored       7 customers by it in 0.0 s"]


def test_promoting_the_champion_does_nothing(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    before = last_line(registry)
    assert main(["promote", NEW]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert last_line(registry) == before


@pytest.mark.parametrize(
    ("version", "code", "says"), [("20260109T000000Z-0000000", 66, "list"), (NEXT, 1, "churn.json")]
)
def test_an_unknown_or_unsound_version_is_refused(
    registry: Registry, capsys: pytest.CaptureFixture[str], version: str, code: int, says: str
) -> None:
    (registry.folder(NEXT) / "churn.json").write_bytes(b"{}")
    assert main(["promote", version]) == code
    assert says in capsys.readouterr().err
    assert registry.champion() == NEW


def test_rollback_restores_the_previous_champion_or_explains_why_not(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "--reason", "complaints"]) == 0
    assert registry.champion() == OLD
    assert last_line(registry) == f"{NEW} {OLD} rolled back: by hand: complaints"
    assert main(["rollback"]) == 1
    assert "no sound version was champion before" in capsys.readouterr().err


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert all(f"\n    {name}" in out for name in ("train", "list", "promote", "rollback"))


def test_a_closed_pipe_is_no_error(registry: Registry) -> None:
    script = f"{sys.executable} -m trainer list | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "0"
    assert "Traceback" not in ended.stderr
    assert registry.versions()


def test_the_report_is_located_and_copied(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 66
    assert f"version {NEW} has no report" in capsys.readouterr().err
    assert main(["report", "nonsense"]) == 66
    describe(registry, NEW, files={"report.html": b"<p>good</p>"})
    assert main(["report"]) == 0
    assert capsys.readouterr().out.strip() == str((registry.folder(NEW) / "report.html").resolve())
    assert main(["report", NEW, "--to", "-"]) == 0
    assert capsys.readouterr().out == "<p>good</p>\n"
    assert main(["report", NEW, "--to", str(tmp_path / "copy.html")]) == 0
    assert (tmp_path / "copy.html").read_bytes() == b"<p>good</p>"
    assert main(["report", NEW, "--to", str(tmp_path / "no" / "copy.html")]) == 73
