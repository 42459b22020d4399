"""What the workflows say to the machine: how often it is said, and what counts as done. ssh and curl are stand-ins."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = Path(__file__).parents[2] / "scripts/tell-vm"
ONE, OTHER = "1" * 40, "2" * 40
WENT_BACK: Final = f"0 12:00:00 deploy: {ONE} serves as blue, after 9 s"
LOST, BUSY, REFUSED = 255, 75, 77

# Each answers as the next line of its file says, `EXIT-CODE WORDS`, and writes down what it was asked.
SSH: Final = """#!/bin/bash
printf '%s\\0' "$@" >asked-last
echo "$*" >>asked
[[ ! ${KEY:-} ]] || echo 'the key is in the environment' >>asked
for word in "$@"; do case $word in */key | UserKnownHostsFile=*) cat "${word#*=}" >>read; esac; done
read -r code words <answers
sed -i 1d answers
[[ ! $words ]] || echo "$words"
exit "$code"
"""
CURL: Final = """#!/bin/bash
cat serves
"""


@pytest.fixture
def at(tmp_path: Path) -> Path:
    """A folder with the stand-ins, in which the script runs."""
    for name, text in (("ssh", SSH), ("curl", CURL)):
        (tmp_path / name).write_text(text, encoding="ascii")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def tell(at: Path, sentence: str, *answers: str, serves: str = ONE, **more: str) -> subprocess.CompletedProcess[str]:
    (at / "answers").write_text("".join(f"{answer}\n" for answer in answers), encoding="ascii")
    (at / "serves").write_text(f'{{"version": "{serves}"}}', encoding="ascii")
    machine = {
        "ADDRESS": "vm.example",
        "KNOWN_HOSTS": "vm.example ssh-ed25519 PINNED",
        "KEY": "PRIVATE",
        "URL": "http://x",
    }
    waits = {"RETRY_S": "0", "LOOK_AGAIN_S": "0"}
    return subprocess.run(
        [SCRIPT, sentence], cwd=at, env={"PATH": f"{at}:{os.environ['PATH']}", **machine, **waits, **more},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def times(at: Path) -> int:
    return len((at / "asked").read_text(encoding="ascii").splitlines())


def test_a_sentence_goes_to_the_machine_that_is_pinned_as_one_word(at: Path) -> None:
    assert tell(at, f"deploy {ONE}", "0 done").returncode == 0
    asked = (at / "asked-last").read_text(encoding="ascii").split("\0")[:-1]
    assert asked[-2:] == ["deploy@vm.example", f"deploy {ONE}"]
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "GlobalKnownHostsFile=/dev/null"} <= {*asked}
    assert asked[:2] == ["-F", "/dev/null"]
    assert (at / "read").read_text(encoding="ascii").splitlines() == ["PRIVATE", "vm.example ssh-ed25519 PINNED"]
    assert "environment" not in (at / "asked").read_text(encoding="ascii")


@pytest.mark.parametrize("before", [[BUSY], [BUSY] * 9, [LOST, LOST], [BUSY, BUSY, LOST, BUSY, LOST]])
def test_a_machine_that_is_busy_or_away_is_told_again(at: Path, before: list[int]) -> None:
    assert tell(at, f"deploy {ONE}", *(str(code) for code in before), "0 done").returncode == 0
    assert times(at) == len(before) + 1


@pytest.mark.parametrize(
    ("before", "code"), [([BUSY] * 20, BUSY), ([LOST] * 3, LOST), ([REFUSED], REFUSED), ([65], 65)]
)
def test_it_ends_as_the_machine_does(at: Path, before: list[int], code: int) -> None:
    assert tell(at, f"deploy {ONE}", *(str(code) for code in before), "0 one too many").returncode == code
    assert times(at) == len(before)


def test_a_rollback_that_may_have_begun_is_not_said_twice(at: Path) -> None:
    assert tell(at, "rollback", f"{LOST} 12:00:00 deploy: step: look", WENT_BACK).returncode == LOST
    assert times(at) == 1


@pytest.mark.parametrize("code", [LOST, BUSY])
def test_a_rollback_that_has_not_begun_is_said_again(at: Path, code: int) -> None:
    assert tell(at, "rollback", str(code), WENT_BACK).returncode == 0
    assert times(at) == 2


def test_what_visitors_get_is_what_was_deployed(at: Path) -> None:
    done = tell(at, f"deploy {ONE}", f"0 deploy: {OTHER} serves as blue", serves=OTHER)
    assert done.returncode == 1
    assert f"{ONE} should serve" in done.stderr


def test_what_visitors_get_is_what_the_rollback_said(at: Path) -> None:
    assert tell(at, "rollback", WENT_BACK, serves=ONE).returncode == 0
    assert tell(at, "rollback", WENT_BACK, serves=OTHER).returncode == 1


@pytest.mark.parametrize("serves", ["", "null"])
def test_a_rollback_that_named_nothing_is_not_believed(at: Path, serves: str) -> None:
    done = tell(at, "rollback", "0 done", serves=serves)
    assert done.returncode == 1
    assert "did not name" in done.stderr


@pytest.mark.parametrize("name", ["ADDRESS", "KNOWN_HOSTS", "KEY", "URL"])
def test_without_one_of_its_variables_nothing_is_said(at: Path, name: str) -> None:
    done = tell(at, f"deploy {ONE}", "0 done", **{name: ""})
    assert done.returncode
    assert name in done.stderr
    assert not (at / "asked").exists()
