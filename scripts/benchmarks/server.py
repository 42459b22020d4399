"""What every benchmark needs: a fresh mongod, a process for each measurement, and the memory of a process tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from embedded_mongod import embedded_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS: Final = Path(__file__).resolve().parents[1]
DATABASE: Final = "bench"
SAMPLE_S: Final = 0.02
MB: Final = 1e6
KIB_PER_MB: Final = MB / 1024


class BenchError(Exception):
    """Why a measurement failed, in one line."""


def measured(way: str, file: Path) -> dict[str, Any]:
    """Run one of ingest_ways.WAYS in its own process on its own empty mongod; return its report."""
    with server(file.parent) as environ:
        command = [sys.executable, "-m", "benchmarks.ingest_ways", way, str(file)]
        ended = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        raise BenchError(f"{way} ended with {ended.returncode}")
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report


def seeder_peak_rss_mb(file: Path) -> float:
    """Load a file with the seeder's command line into an empty mongod; return the peak memory of all its processes."""
    with server(file.parent) as environ:
        command = [sys.executable, "-m", "seeder", "load", str(file)]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        try:
            peak = peak_rss_mb(process)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise BenchError(f"seeder load ended with {process.returncode}")
    return peak


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process; 0 when it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / MB
    except psutil.NoSuchProcess:
        return 0.0


def highest_rss_mb(pid: int) -> float:
    """Return the peak resident memory of a process, which psutil does not report; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / KIB_PER_MB


def peak_rss_mb(process: subprocess.Popen[Any]) -> float:
    """Return the peak memory at the end of the process: the kernel's exact figure, or the sampled sum with children."""
    peak = 0.0
    while process.poll() is None:
        processes = tree(process.pid)
        peak = max(peak, highest_rss_mb(process.pid), sum(map(rss_mb, processes)) if len(processes) > 1 else 0.0)
        time.sleep(SAMPLE_S)
    return peak


def tree(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return [pid]


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """Run an empty mongod, so that no measurement inherits another's cache; yield the environment to reach it."""
    with (
        tempfile.TemporaryDirectory(prefix="mongo-", dir=folder) as data_dir,
        embedded_mongod(Path(data_dir) / "data") as mongod,
    ):
        # PYTHONPATH: the parts of a benchmark run as `python -m benchmarks.…`
        yield os.environ | {"MONGO_URI": mongod.uri, "DB_NAME": DATABASE, "PYTHONPATH": str(SCRIPTS)}
