"""The secrets of a start: made where they are missing, kept where they are not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from guarded import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("seeder/identity_key", "inference/identity_key")


def make(folder: Path, *more: str) -> dict[str, str]:
    command = [
        sys.executable,
        str(TOOLS / "make_secrets.py"),
        "--directory",
        str(folder),
        "--host",
        "mongo:27017",
        *more,
    ]
    subprocess.run(command, env=os.environ, check=True, capture_output=True)
    return {str(file.relative_to(folder)): file.read_text() for file in folder.glob("*/*")}


def test_seeder_and_api_have_one_identity_key_and_nobody_else_has_it(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert {name for name in made if name.endswith("identity_key")} == set(KEYS)
    assert made[KEYS[0]] == made[KEYS[1]]
    assert len(made[KEYS[0]].strip()) >= 43
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in KEYS} == {0o400}


def test_the_secrets_of_a_release_without_it_get_an_identity_key_and_stay_otherwise(tmp_path: Path) -> None:
    before = make(tmp_path)
    for name in KEYS:
        (tmp_path / name).unlink()
    after = make(tmp_path)
    assert after[KEYS[0]] == after[KEYS[1]]
    assert {name: text for name, text in after.items() if name not in KEYS} == {
        name: text for name, text in before.items() if name not in KEYS
    }
    assert make(tmp_path) == after


def test_a_key_that_one_of_them_has_is_the_key_of_both(tmp_path: Path) -> None:
    before = make(tmp_path)
    (tmp_path / KEYS[0]).unlink()
    assert make(tmp_path) == before


@pytest.mark.parametrize("kind", ["passwords", "signing-key", "id-hash-key"])
def test_no_renewal_changes_the_identity_key(tmp_path: Path, kind: str) -> None:
    before = make(tmp_path)
    after = make(tmp_path, "--renew", kind)
    assert after != before
    assert [after[name] for name in KEYS] == [before[name] for name in KEYS]
