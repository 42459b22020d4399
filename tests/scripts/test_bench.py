"""The measuring itself, on a few rows: what it prints, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from seeder.sources.synthetic import write_csv

pytestmark = [pytest.mark.bench, pytest.mark.usefixtures("network")]

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench"


def bench(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    command = [str(BENCH), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=170)


def test_the_last_line_is_json_and_nothing_is_left_behind(tmp_path: Path) -> None:
    rows, folder = tmp_path / "rows.csv", tmp_path / "temporary"
    folder.mkdir()
    write_csv(rows, 3_000, seed=1)
    ended = bench(folder, "ingest", "--runs", "1", "--factors", "2", "--rows-file", str(rows))
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["rows"] == 3_000
    assert found["ratio_to_ceiling"] > 0
    assert found["ratio_to_usual"] > 0
    assert found["peak_rss_mb"] == found["peak_rss_mb_by_factor"]["1"] > 0
    assert set(found["parquet_peak_rss_mb_by_factor"]) == set(found["time_ratio_by_factor"]) == {"1", "2"}
    assert not list(folder.iterdir())


def test_rows_that_cannot_be_read_are_one_clear_line(tmp_path: Path) -> None:
    ended = bench(tmp_path, "ingest", "--rows-file", "absent.csv")
    assert ended.returncode == 1
    assert ended.stderr == "scripts/bench: absent.csv: no such file\n"


def test_scoring_is_measured_both_ways_and_they_agree(tmp_path: Path) -> None:
    ended = bench(tmp_path, "score", "--json", "--rows", "20000", "--customers", "2000", "--runs", "1")
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    found = json.loads(line)
    assert found["customers"] == 2_000
    assert found["ratio"] > 0
    assert found["largest_difference"] <= 1e-9
    assert found["peak_rss_mb"] < 80 < found["usual_peak_rss_mb"]
    assert not list(tmp_path.iterdir())


def test_training_is_measured_by_stage_over_its_floor(tmp_path: Path) -> None:
    ended = bench(tmp_path, "train", "--rows", "40000", "--runs", "1", "--factor", "2")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["ratio_to_floor"] > 0
    assert found["report_s"] == found["stages"]["report"]["seconds"] > 0
    assert found["train_s"] < found["wall_s"]
    assert found["peak_rss_mb_by_factor"]["1"] == found["peak_rss_mb"] > 0
    assert found["memory_ratio"] < 2
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_loaded_is_one_clear_line(tmp_path: Path) -> None:
    ended = bench(tmp_path, "train", "--data", "absent.csv")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "scripts/bench: python -m seeder load absent.csv ended with 66"


def test_serving_is_measured_beside_its_echoes_and_the_older_way(tmp_path: Path) -> None:
    ended = bench(tmp_path, "serve", "--rows", "20000", "--runs", "1", "--seconds", "0.3")
    assert ended.returncode == 0, ended.stderr
    *table, line = ended.stdout.splitlines()
    found = json.loads(line)
    ratios = ("ratio_to_echo", "ratio_to_echo_64", "ratio_to_bare_echo", "ratio_to_older_way")
    assert all(found[name] > 0 for name in (*ratios, "p99_ms"))
    assert set(found["rates"]) == {"bare_asgi", "bare_echo", "echo", "product", "older"}
    for by_connections in found["rates"].values():
        assert set(by_connections) == {"1", "16", "64"}
        assert all(0 < each["p50_ms"] <= each["p99_ms"] for each in by_connections.values())
    assert any(row.startswith("the API") for row in table)
    assert not list(tmp_path.iterdir())
