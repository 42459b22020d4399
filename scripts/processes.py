"""The processes that scripts/up started, recorded in a file so that scripts/down stops them and nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

STOP_TIMEOUT_S = 30
_LISTENING = "0A"  # a state in /proc/net/tcp
_START_TIME_FIELD = 19  # of /proc/PID/stat, counted after the command's closing bracket


class Started(NamedTuple):
    """A process. Its id may be reused by another process, but not with the same start time."""

    name: str
    pid: int
    start_time: str


def remember(file: Path, name: str, pid: int) -> None:
    """Add a running process to the file."""
    entries = [*running(file), Started(name, pid, _start_time(pid) or "")]
    whole = file.with_suffix(".new")
    whole.write_text(json.dumps(entries))
    whole.replace(file)


def running(file: Path) -> list[Started]:
    """Return the recorded processes that are still running, in the order of their start."""
    try:
        entries = [Started(*entry) for entry in json.loads(file.read_text())]
    except FileNotFoundError:
        return []
    return [entry for entry in entries if is_running(entry)]


def is_running(entry: Started) -> bool:
    """Return whether this process still runs: its id is not reused, and it is not a zombie."""
    return _start_time(entry.pid) == entry.start_time


def stop(file: Path) -> list[str]:
    """Stop the recorded processes in reverse order, wait for each, and return their names."""
    stopped = []
    for entry in reversed(running(file)):
        os.kill(entry.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while is_running(entry):
            if time.monotonic() > deadline:
                os.kill(entry.pid, signal.SIGKILL)
            time.sleep(0.05)
        stopped.append(entry.name)
    file.unlink(missing_ok=True)
    return stopped


def listens(pid: int, port: int) -> bool:
    """Return whether this process listens on `port` (IPv4), so that another program's answer is not taken for ours."""
    fields = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {field[9] for field in fields if field[3] == _LISTENING and int(field[1].partition(":")[2], 16) == port}
    opened = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return any(f"socket:[{inode}]" in opened for inode in inodes)


def _start_time(pid: int) -> str | None:
    """Return the process's start time in kernel ticks; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[_START_TIME_FIELD]
