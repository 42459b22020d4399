"""A real mongod on this machine: found, started on loopback, and stopped."""

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

START_TIMEOUT_S = 60  # includes journal recovery after a crash
CACHE_SIZE_GB = "0.25"  # the size that fits on a 1 GiB VM


class MongodError(Exception):
    """mongod was not found or did not start."""


class Mongod(NamedTuple):
    """A running mongod on loopback."""

    process: subprocess.Popen[bytes]
    host: str

    @property
    def uri(self) -> str:
        """Its URI, without a user."""
        return f"mongodb://{self.host}/"


def find_mongod() -> Path:
    """Return the mongod on PATH, or else the one in the development requirements."""
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if binary.exists():
            return binary
    raise MongodError("no mongod found: set MONGO_URI, put mongod on PATH, or run scripts/environment")


def free_port() -> int:
    """Return a loopback TCP port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def embedded_mongod(data_dir: Path, *, port: int | None = None, more: Sequence[str] = ()) -> Iterator[Mongod]:
    """Run a mongod on `data_dir`, on loopback only; at the end, stop it and wait until its files are closed."""
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
    """Start a mongod on `data_dir`, on loopback only, and return when it answers. The caller stops it.

    `started` is called with the process id as soon as it exists.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir.parent / f"{data_dir.name}.log"
    command = [
        str(find_mongod()), "--dbpath", str(data_dir), "--bind_ip", "127.0.0.1", "--port", str(port),
        "--nounixsocket", "--wiredTigerCacheSizeGB", CACHE_SIZE_GB, "--logpath", str(log), "--logappend",
        "--networkMessageCompressors", "disabled", "--noscripting", *(["--auth"] if auth else []), *more,
    ]  # fmt: skip
    # Its own session: Ctrl-C reaches only us, and we stop it after the programs that use it.
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
            raise MongodError(f"mongod ended with {process.returncode} during its start: see {log}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise MongodError(f"mongod did not answer within {START_TIMEOUT_S} s: see {log}")
