"""What scripts/up has started, remembered in a file so that scripts/down can stop it, and stop nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

STOP_TIMEOUT_S = 30
_START_TIME_FIELD = 19  # of /proc/PID/stat, counted after the command's closing bracket


class Started(NamedTuple):
    """A process: its number may be given to another one day, but not with the same start time."""

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
    """Return those of the file's processes that still run, in the order in which they were started."""
    try:
        entries = [Started(*entry) for entry in json.loads(file.read_text())]
    except FileNotFoundError:
        return []
    return [entry for entry in entries if _start_time(entry.pid) == entry.start_time]


def stop(file: Path) -> list[str]:
    """Stop the file's processes, the last started first, wait for each, and return their names."""
    stopped = []
    for entry in reversed(running(file)):
        os.kill(entry.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _start_time(entry.pid) == entry.start_time:
            if time.monotonic() > deadline:
                os.kill(entry.pid, signal.SIGKILL)
            time.sleep(0.05)
        stopped.append(entry.name)
    file.unlink(missing_ok=True)
    return stopped


def _start_time(pid: int) -> str | None:
    """Return when the process started, in the kernel's ticks; None when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[_START_TIME_FIELD]
