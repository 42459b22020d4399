"""The newcomer's first command, run as they run it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

import processes
from embedded_mongod import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("network")

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory with a space in its name; what runs on it is stopped in the end."""
    monkeypatch.delenv("MONGO_URI", raising=False)
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - some shells export it, and it must not be obeyed
    path = tmp_path / "the state"
    yield path
    processes.stop(path / "processes.json")


def up(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPTS / "up"), "--state", str(state), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)


@pytest.mark.drill
def test_it_comes_up_answers_comes_up_again_and_goes_down(state: Path) -> None:
    port = free_port()
    first = up(state, "--port", str(port), "--detach")
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout.partition("POST /predict_churn_by_id ")[2].partition("\n")[2].partition("\n\n")[0])
    assert 0 < answer["prediction"]["churn_probability"] < 1
    assert f"http://127.0.0.1:{port}/docs" in first.stdout
    health = httpx.get(f"http://127.0.0.1:{port}/health").json()
    assert health["documents"] >= 400_000
    api = next(entry for entry in processes.running(state / "processes.json") if entry.name == "inference")
    addresses = {each.laddr.ip for each in psutil.Process(api.pid).net_connections() if each.laddr.port == port}
    assert processes.listens(api.pid, port)
    assert addresses == {"127.0.0.1"}

    again = up(state, "--port", str(port), "--detach")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("nothing to do") == 2  # neither seeded nor trained twice

    assert "stopped inference, mongod" in subprocess.check_output([SCRIPTS / "down", "--state", state], text=True)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/livez")


@pytest.mark.drill
def test_ctrl_c_pressed_twice_leaves_nothing_running(state: Path) -> None:
    command = [str(SCRIPTS / "up"), "--state", str(state), "--port", str(free_port())]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    file = state / "processes.json"
    while "seeder" not in {entry.name for entry in processes.running(file)}:
        assert running.poll() is None
        time.sleep(0.05)
    started = processes.running(file)
    for _ in range(2):
        running.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert running.wait(30) == 130
    assert {entry.name for entry in started} == {"mongod", "seeder"}
    assert not any(processes.is_running(entry) for entry in started)


def test_a_busy_port_is_one_clear_line(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = up(state, "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "is busy" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--data", "/nonexistent.csv"], 1, "no such file"),
        (["--data", "/"], 1, "a directory"),
        (["--port", "70000"], 2, "from 1 to 65535"),
    ],
)
def test_what_cannot_be_is_refused_at_once(state: Path, arguments: list[str], code: int, said: str) -> None:
    refused = up(state, *arguments)
    assert (refused.returncode, said in refused.stderr) == (code, True)
