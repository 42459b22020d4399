"""A real mongod beside us: found where there is one, started on loopback, stopped by its process."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

START_TIMEOUT_S = 60  # journal recovery after a crash included
CACHE_SIZE_GB = "0.25"  # the size that lives on a 1 GiB VM


class MongodError(Exception):
    """No mongod can be found, or it does not start."""


class Mongod(NamedTuple):
    """A running server, answering on loopback."""

    process: subprocess.Popen[bytes]
    host: str

    @property
    def uri(self) -> str:
        """The address without a user."""
        return f"mongodb://{self.host}/"


def find_mongod() -> Path:
    """Return the mongod on PATH, else the one that comes with the development requirements."""
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if binary.exists():
            return binary
    raise MongodError("no mongod: set MONGO_URI, or put mongod on PATH, or run scripts/environment")


def free_port() -> int:
    """Return a TCP port of loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def embedded_mongod(data_dir: Path, *, port: int | None = None, more: Sequence[str] = ()) -> Iterator[Mongod]:
    """Run a mongod on `data_dir` and loopback alone; stop it at the end, and wait until its files are closed."""
    mongod = start_mongod(data_dir, port=port or free_port(), auth=False, more=more)
    try:
        yield mongod
    finally:
        mongod.process.terminate()
        mongod.process.wait()


def start_mongod(
    data_dir: Path,
    *,
    port: int,
    auth: bool,
    more: Sequence[str] = (),
    started: Callable[[int], object] = lambda _: None,
) -> Mongod:
    """Start a mongod on `data_dir` and loopback alone, and return when it answers; stopping it is the caller's.

    `started` is told its process id as soon as there is one.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir.parent / f"{data_dir.name}.log"
    command = [
        str(find_mongod()), "--dbpath", str(data_dir), "--bind_ip", "127.0.0.1", "--port", str(port),
        "--nounixsocket", "--wiredTigerCacheSizeGB", CACHE_SIZE_GB, "--logpath", str(log), "--logappend",
        "--networkMessageCompressors", "disabled", "--noscripting", *(["--auth"] if auth else []), *more,
    ]  # fmt: skip
    # Its own session: Ctrl-C reaches us first, and we stop it when those who use it have stopped.
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        started(process.pid)
        _wait_until_listening(process, port, log)
    except BaseException:
        process.terminate()
        raise
    return Mongod(process, f"127.0.0.1:{port}")


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise MongodError(f"mongod ended with {process.returncode} before it answered: see {log}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise MongodError(f"mongod does not answer after {START_TIMEOUT_S} s: see {log}")
