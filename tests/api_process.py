"""The API as a process of its own on a port of loopback, and how to watch it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import psutil

from embedded_mongod import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ASK = {"customer_id": 12347}


class Running:
    """The API on a port of loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5)

    def predict(self) -> tuple[int, float]:
        """Return the status and the seconds it took."""
        started = time.perf_counter()
        status = self.http.post("/predict_churn_by_id", json=ASK).status_code
        return status, time.perf_counter() - started

    def rss_kb(self) -> int:
        """Return the process's resident memory."""
        return int(psutil.Process(self.process.pid).memory_info().rss) // 1024

    def threads(self) -> int:
        """Return how many threads the process has."""
        return int(psutil.Process(self.process.pid).num_threads())

    def raw(self, *sent: bytes) -> bytes:
        """Send bytes as they are; return what comes back before the server hangs up."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            try:
                for part in sent:
                    connection.sendall(part)
                while part := connection.recv(65536):
                    received += part
            except (ConnectionError, TimeoutError):
                pass
        return received


@contextmanager
def running(
    environ: dict[str, str], mongo_uri: str, log: Path, *, program: Sequence[str] = ("-m", "inference")
) -> Iterator[Running]:
    port = free_port()
    ours = {"MONGO_URI": mongo_uri, "PORT": str(port), "ALLOWED_HOSTS": "127.0.0.1"}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *program], env=environ | ours, stderr=output)
    api = Running(process, port, log)
    try:
        within(20, lambda: listens(port))
        yield api
    finally:
        api.http.close()
        process.terminate()
        process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def within(seconds: float, happens: Callable[[], bool]) -> float:
    """Return how long it took until `happens` says so; it fails the test after `seconds`."""
    started = time.perf_counter()
    while not happens():
        assert time.perf_counter() - started < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.perf_counter() - started
