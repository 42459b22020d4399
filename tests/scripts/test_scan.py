"""The look for what attackers use, at a copy of this tree: nothing is found in it, and each planted fault is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from audit_dependencies import CANNOT_LOOK, FOUND, judge

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[2]
SCANNERS: Final = ROOT / ".venv-scan"
COPIED: Final = (".github", "deploy", "docker-compose.yml", ".env.example", "services/Dockerfile", "services/mongo")
LOOKS: Final = (
    "workflows", "dockerfiles", "shell", "schemas", "yaml", "latest", "python", "secrets", "history",
)  # fmt: skip
# Put together here, so that this file is not what is found.
SECRET: Final = f"aws_secret{'_access_key'} = 'wJalrXUtnFEMI{'/K7MDENG'}/bPxRfiCYzzzzzzzkey'"

needs_scanners = pytest.mark.skipif(
    not (SCANNERS / "made-from").exists(), reason="scripts/scan, which makes its scanners, was never run here"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the scanners look at, in a repository of its own that has one commit."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tmp_path / "scripts").mkdir()
    for name in ("scan", "audit_dependencies.py"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    (tmp_path / ".venv-scan").symlink_to(SCANNERS)
    (tmp_path / ".gitignore").write_text(".venv-scan\n.venv-scan.lock\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(tree: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", tree, *who, *arguments], check=True, capture_output=True)


def commit(tree: Path) -> None:
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "test")


def scan(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tree / "scripts/scan", *arguments], capture_output=True, text=True, check=False, timeout=300)


def replace(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def add(tree: Path, name: str, text: str) -> None:
    (tree / name).write_text(text, encoding="utf-8")


def remove_a_secret_again(tree: Path) -> None:
    add(tree, "notes.txt", f"{SECRET}\n")
    commit(tree)
    (tree / "notes.txt").unlink()
    commit(tree)


CHECKOUT: Final = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
CI: Final = ".github/workflows/ci.yml"
PLANTED: Final[dict[str, tuple[str, Callable[[Path], None]]]] = {
    "an action by its tag": ("workflows", lambda tree: replace(tree, CI, CHECKOUT, "actions/checkout@v6")),
    "permissions that nobody named": ("workflows", lambda tree: replace(tree, CI, "permissions: {}", "")),
    "a checkout that keeps its token": (
        "workflows", lambda tree: replace(tree, CI, "persist-credentials: false", "clean: true"),
    ),
    "a title that becomes a command": (
        "workflows", lambda tree: replace(tree, CI, "scripts/check\n", "echo ${{ github.event.head_commit.id }}\n"),
    ),
    "an image of any version": ("dockerfiles", lambda tree: add(tree, "Dockerfile", "FROM debian:latest\n")),
    "root for good": ("dockerfiles", lambda tree: add(tree, "Dockerfile", "FROM debian:12\nUSER root\n")),
    "latest, in the list of images": (
        "latest", lambda tree: replace(tree, "deploy/images.env", "=caddy:2", "=caddy:latest"),
    ),
    "a word without quotes": ("shell", lambda tree: add(tree, "deploy/more", "#!/bin/sh\nrm -rf $1/*\n")),
    "a word without quotes, where it is sourced": (
        "shell", lambda tree: add(tree, "deploy/more.sh", "# shellcheck shell=bash\nmore() { rm -rf $1/*; }\n"),
    ),
    "a misspelt limit": ("schemas", lambda tree: replace(tree, "docker-compose.yml", "pids_limit:", "pid_limit:")),
    "a misspelt limit in production": (
        "schemas", lambda tree: replace(tree, "deploy/compose.prod.yml", "mem_limit:", "memory_limit:"),
    ),
    "a misspelt timeout": ("schemas", lambda tree: replace(tree, CI, "timeout-minutes:", "timeout-minute:")),
    "a key twice": ("yaml", lambda tree: add(tree, "deploy/more.yml", "a: 1\na: 2\n")),
    "a shell in Python": (
        "python", lambda tree: add(tree, "services/mongo/more.py", "import os\nos.system(input())\n"),
    ),
    "a pickle": (
        "python", lambda tree: add(tree, "scripts/more.py", "import pickle\npickle.loads(input().encode())\n"),
    ),
    "a secret": ("secrets", lambda tree: add(tree, "notes.txt", f"{SECRET}\n")),
    "a secret that was removed again": ("history", remove_a_secret_again),
}  # fmt: skip


@needs_scanners
def test_a_sound_tree_passes_and_what_was_not_looked_at_is_said(tree: Path) -> None:
    done = scan(tree, "--offline")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [word for look in LOOKS for word in ("ok", look)]
    assert "SKIPPED dependencies" in done.stderr


@needs_scanners
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(tree: Path, fault: str) -> None:
    look, plant = PLANTED[fault]
    plant(tree)
    done = scan(tree, look)
    assert done.returncode == 1, done.stdout
    assert f"FOUND   {look}" in done.stderr


@needs_scanners
def test_a_history_of_which_only_the_end_is_here_is_not_called_clean(tree: Path, tmp_path: Path) -> None:
    commit_again = tree / "more"
    commit_again.write_text("", encoding="utf-8")
    commit(tree)
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{tree}", shallow], check=True)
    (shallow / ".venv-scan").symlink_to(SCANNERS)
    done = scan(shallow, "history")
    assert done.returncode == 1
    assert "fetch all of the history" in done.stderr


def test_an_unknown_look_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/scan", tmp_path / "scripts")
    done = scan(tmp_path, "everything")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there are: workflows" in done.stderr


# The dependency audit: what pip-audit answers, word for word

SEEN: Final = {"name": "pymongo", "version": "4.20.0", "vulns": []}
UNSEEN: Final = {
    "name": "numpy",
    "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (1.26.4)",
}
VULNERABLE: Final = {
    "name": "jinja2", "version": "3.1.2",
    "vulns": [{"id": "CVE-2024-22195", "fix_versions": ["3.1.3"], "aliases": [], "description": ""}],
}  # fmt: skip


def test_an_audit_that_knows_every_package_and_finds_nothing_is_good() -> None:
    assert judge({"dependencies": [SEEN], "fixes": []}) == (0, [])


@pytest.mark.parametrize("report", [{"dependencies": [SEEN, UNSEEN]}, {"dependencies": []}, {}, None])
def test_an_audit_that_did_not_look_is_not_good(report: dict[str, object] | None) -> None:
    code, said = judge(report)
    assert code == CANNOT_LOOK
    assert "cannot audit" in said[-1]


def test_what_was_found_counts_for_more_than_what_was_not_seen() -> None:
    code, said = judge({"dependencies": [UNSEEN, VULNERABLE]})
    assert code == FOUND
    assert said[0] == "jinja2 3.1.2: CVE-2024-22195, fixed in 3.1.3"
    assert "cannot audit" in said[1]
