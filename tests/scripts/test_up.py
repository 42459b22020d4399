"""The newcomer's first command, run as they run it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from exports import shopify
from exports.known_orders import regulars

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


@pytest.mark.drill
def test_a_download_without_a_network_leaves_nothing_that_the_next_run_meets(state: Path, tmp_path: Path) -> None:
    environ = os.environ | {"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}", "XDG_CACHE_HOME": str(tmp_path)}
    command = [str(SCRIPTS / "up"), "--state", str(state), "--port", str(free_port()), "--fetch-uci"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170, env=environ)
    assert refused.returncode == 69
    assert "scripts/up --data FILE" in refused.stderr
    assert [file.name for file in state.iterdir()] == ["up.lock"]


@pytest.mark.drill
def test_one_command_leads_from_a_shopify_export_in_a_zip_to_the_customers_to_write_to(
    state: Path, tmp_path: Path
) -> None:
    export = shopify.write(regulars(), offset=" +0100").text()
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("orders_export.csv", export)
    done = up(state, "--port", str(free_port()), "--detach", "--data", str(tmp_path / "export.zip"))
    assert done.returncode == 0, done.stderr
    look, _, answer = done.stdout.partition("Write to these ")
    assert "Format: Shopify orders export" in look
    assert "Check: the file's totals" in look
    assert answer.count("@fernhill.example") == 10


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
        (["--dates", "dmy"], 2, "--dates needs --data"),
        (["--port", "70000"], 2, "from 1 to 65535"),
    ],
)
def test_what_cannot_be_is_refused_at_once(state: Path, arguments: list[str], code: int, said: str) -> None:
    refused = up(state, *arguments)
    assert (refused.returncode, said in refused.stderr) == (code, True)
