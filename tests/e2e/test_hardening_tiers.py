"""What mongo and the edge lose by a release is seen in its Compose files, before a deploy has touched anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from e2e.measuring import ROOT

if TYPE_CHECKING:
    from pathlib import Path

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs Docker Compose: scripts/e2e runs it", allow_module_level=True)

pytestmark = pytest.mark.container

DEVELOPERS, PRODUCTIONS = "docker-compose.yml", "deploy/compose.prod.yml"
FILES = (DEVELOPERS, PRODUCTIONS, "deploy/images.env")
PORTS = 'ports: ["${HTTP_PORT:-80}:8080", "${HTTPS_PORT:-443}:8443"]'
LESS = {
    "memory of mongo": (DEVELOPERS, "mem_limit: 512m", "mem_limit: 64m", "mongo: mem_limit of 536870912"),
    "data of mongo": (DEVELOPERS, '"mongo-data:/data/db"', '"secrets:/data/db"', "mongo: volume drill_mongo-data"),
    "data of mongo, by their name": (
        DEVELOPERS, "mongo-data: {}", "mongo-data: {name: other}", "mongo: volume drill_mongo-data at /data/db",
    ),
    "every port": (PRODUCTIONS, PORTS, "ports: []", "edge: port 80 to 8080, edge: port 443 to 8443"),
    "a port, but for this machine": (PRODUCTIONS, '["${HTTP_PORT', '["127.0.0.1:${HTTP_PORT', "edge: port 80 to 8080"),
    "where the edge writes": (PRODUCTIONS, "edge-live:/live", "edge-live:/lives", "edge: volume drill_edge-live"),
    "that it may write there": (
        PRODUCTIONS, "edge-live:/live", "edge-live:/live:ro", "edge: volume drill_edge-live at /live",
    ),
    "a network": (PRODUCTIONS, "networks: [public, inside]", "networks: [inside]", "edge: network public"),
    "memory of the edge": (PRODUCTIONS, "mem_limit: 96m", "mem_limit: 16m", "edge: mem_limit of 100663296"),
}  # fmt: skip
MORE = {
    "memory of mongo": (DEVELOPERS, "mem_limit: 512m", "mem_limit: 1g"),
    "another port too": (PRODUCTIONS, PORTS, PORTS.replace("]", ', "8088:8080"]')),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two releases of this checkout, of which the old one has served."""
    for release in ("old", "new"):
        for name in FILES:
            (tmp_path / "releases" / release / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "releases" / release / name)
        tags = "".join(f"{name}={release}\n" for name in ("RELEASE", "MONGO_RELEASE", "EDGE_RELEASE"))
        (tmp_path / "releases" / release / "release.env").write_text(tags, encoding="ascii")
    (tmp_path / "releases/served").write_text("old\n", encoding="ascii")
    (tmp_path / "keys").mkdir()
    return tmp_path


def change(home: Path, release: str, name: str, old: str, new: str) -> None:
    path = home / "releases" / release / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def looked(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Look at the new release, as a deploy does."""
    script = "set -euo pipefail; source $bin/release.sh; source $bin/tiers.sh; keep_what_they_have new"
    told = {"home": str(home), "bin": str(ROOT / "deploy"), "COMPOSE_PROJECT_NAME": "drill", **settings}
    return subprocess.run(
        ["bash", "-c", script], env={**os.environ, **told}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("what", LESS)
def test_a_release_is_refused_that_takes_away(home: Path, what: str) -> None:
    path, old, new, lost = LESS[what]
    change(home, "new", path, old, new)
    done = looked(home)
    assert (done.returncode, done.stdout) == (65, "")
    assert f"less than in old: {lost}" in done.stderr
    assert looked(home, LESS_IS_MEANT="1").returncode == 0


@pytest.mark.parametrize("what", MORE)
def test_a_release_is_taken_that_gives(home: Path, what: str) -> None:
    change(home, "new", *MORE[what])
    done = looked(home)
    assert (done.returncode, done.stderr) == (0, "")


def test_one_can_go_back_to_less_and_away_from_what_cannot_be_read(home: Path) -> None:
    change(home, "new", *LESS["every port"][:3])
    served = home / "releases/served"
    served.write_text("new\nold\n", encoding="ascii")
    assert looked(home).returncode == 0, "it has served"
    served.write_text("old\n", encoding="ascii")
    change(home, "old", PRODUCTIONS, "SITE: ${DOMAIN:-http://}", "SITE: ${THE_DOMAIN:?is gone}")
    assert looked(home).returncode == 0


def test_volumes_without_a_name_are_told_apart(home: Path) -> None:
    for release in ("old", "new"):
        change(home, release, PRODUCTIONS, '"edge-live:/live"', '"/scratch", "edge-live:/live"')
    assert looked(home).returncode == 0
    change(home, "new", PRODUCTIONS, '"/scratch", ', "")
    assert "edge: volume volume at /scratch" in looked(home).stderr


def test_other_settings_of_the_machine_are_not_less(home: Path) -> None:
    assert looked(home, HTTP_PORT="127.0.0.1:8081").returncode == 0
    change(home, "new", PRODUCTIONS, "${HTTP_PORT:-80}:8080", "80:8080")
    assert "port 127.0.0.1:8081 to 8080" in looked(home, HTTP_PORT="127.0.0.1:8081").stderr
