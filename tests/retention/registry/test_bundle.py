"""A bundle is read as published, or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, VERSION, small_bundle

from retention.errors import BundleRefusedError
from retention.registry.bundle import MANIFEST, SIGNATURE, _sign, read_bundle
from retention.scoring.segments import SegmentModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_bundle(tmp_path / VERSION)
    return tmp_path / VERSION


def resign(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and sign it again."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / SIGNATURE).write_bytes(_sign((folder / MANIFEST).read_bytes(), KEY))


def test_a_sound_bundle_is_read(folder: Path) -> None:
    assert read_bundle(folder, KEY).version == VERSION


def test_a_bundle_names_the_money_of_its_segments(folder: Path) -> None:
    features = {"Recency": 0.0, "Frequency": 3.0, "Monetary": 1e6, "net_monetary": -1.0}
    model = read_bundle(folder, KEY).segments
    assert (model.money, model.of(features)) == ("net_monetary", model.segment(0.0, 3.0, 0.0))
    assert SegmentModel.from_json(model.to_json()) == model
    of_an_older_release = {name: value for name, value in model.to_json().items() if name != "money"}
    gross = SegmentModel.from_json(of_an_older_release)
    assert (gross.money, gross.of(features)) == ("Monetary", gross.segment(0.0, 3.0, 1e6))
    with pytest.raises(ValueError, match="unknown money"):
        SegmentModel.from_json(of_an_older_release | {"money": "Frequency"})


def test_one_flipped_bit_in_any_file_is_refused(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        sound = path.read_bytes()
        for position in range(0, len(sound), max(1, len(sound) // 40)):
            path.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
            with pytest.raises(BundleRefusedError):
                read_bundle(folder, KEY)
        path.write_bytes(sound)
    read_bundle(folder, KEY)


def test_a_truncated_or_missing_file_is_refused(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        sound = path.read_bytes()
        path.write_bytes(sound[: len(sound) // 2])
        with pytest.raises(BundleRefusedError):
            read_bundle(folder, KEY)
        path.unlink()
        with pytest.raises(BundleRefusedError):
            read_bundle(folder, KEY)
        path.write_bytes(sound)
    read_bundle(folder, KEY)


@pytest.mark.parametrize("name", ["churn.pickle", "plots/churn.pickle"])
def test_an_unpublished_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    with pytest.raises(BundleRefusedError, match=r"churn\.pickle"):
        read_bundle(folder, KEY)


def test_another_key_is_refused(folder: Path) -> None:
    with pytest.raises(BundleRefusedError, match="signature"):
        read_bundle(folder, b"other" * 8)


def test_a_folder_under_another_name_is_refused(folder: Path) -> None:
    renamed = folder.with_name("20270101T000000Z-0000000")
    shutil.copytree(folder, renamed)
    with pytest.raises(BundleRefusedError, match=VERSION):
        read_bundle(renamed, KEY)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m["golden_predictions"][0].update(churn_probability=0.5), "golden"),
        (lambda m: m["golden_predictions"][0].update(churn_probability=float("nan")), "golden"),
        (lambda m: m["golden_predictions"][0].update(cluster=9), "golden"),
        (lambda m: m.update(golden_predictions=[]), "golden"),
        (lambda m: m["features"].reverse(), "features"),
        (lambda m: m["golden_predictions"][1].update(churn_probability=0.5), "golden"),  # of a single order
        (lambda m: m["golden_predictions"][0]["features"].pop("month"), "malformed"),
        (lambda m: m["golden_predictions"][0]["features"].update(month=13), "malformed"),
        (lambda m: m["golden_predictions"][1]["features"].pop("distinct_products"), "malformed"),
        (lambda m: m["features"].remove("distinct_products"), "features"),
        (lambda m: m.update(schema_version=1), "schema version"),
        (lambda m: m.pop("features"), "malformed"),
    ],
)
def test_a_signed_manifest_that_does_not_match_the_content_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    resign(folder, change)
    with pytest.raises(BundleRefusedError, match=reason):
        read_bundle(folder, KEY)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("churn.json", lambda c: c["by_id"].update(threshold=1.5)),
        ("churn.json", lambda c: c["by_id"]["several_orders"].update(base_log_odds=float("nan"))),
        ("churn.json", lambda c: c["by_id"]["single_order"]["cells"].reverse()),
        ("churn.json", lambda c: c["by_id"]["season"].pop()),
        ("churn.json", lambda c: c["feature_only"].pop("formula")),
        ("segments.json", lambda c: c.update(scale=[0.0, 1.0, 1.0])),
        ("segments.json", lambda c: c.update(mean=[1.0])),
    ],
)
def test_signed_but_malformed_content_is_refused(
    folder: Path, name: str, spoil: Callable[[dict[str, Any]], object]
) -> None:
    content = json.loads((folder / name).read_bytes())
    spoil(content)
    (folder / name).write_text(json.dumps(content))
    sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    resign(folder, lambda manifest: manifest["sha256"].update({name: sha256}))
    with pytest.raises(BundleRefusedError, match="malformed"):
        read_bundle(folder, KEY)


def test_a_bundle_without_parts_that_answers_need_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / VERSION, without={"assumptions"})
    with pytest.raises(BundleRefusedError, match="no assumption for"):
        read_bundle(tmp_path / VERSION, KEY)
    other = tmp_path / VERSION.replace("2026", "2027")
    small_bundle(other, without={"percentiles"})
    with pytest.raises(BundleRefusedError, match="no percentiles"):
        read_bundle(other, KEY)


@pytest.mark.parametrize("what", ["pipe", "folder", "link to a folder", "link to a file"])
def test_unpublished_entries_pipes_and_links_are_refused(tmp_path: Path, what: str) -> None:
    folder = tmp_path / VERSION
    small_bundle(folder)
    target = folder / "stray"
    if what == "pipe":
        (folder / "segments.json").unlink()
        os.mkfifo(folder / "segments.json")
    elif what == "folder":
        target.mkdir()
    elif what == "link to a folder":
        target.symlink_to(tmp_path)
    else:
        (folder / "segments.json").rename(tmp_path / "elsewhere")
        (folder / "segments.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleRefusedError, match=r"not published with|neither a file"):
        read_bundle(folder, KEY)
