"""A disk that is full under mongod: it aborts, the seeder says so in time, and with room again every row is there."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from drills.contents import contents, differences, invalid
from drills.seeding import invented_input, running, start_seeder
from drills.server import Server, serving

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

DISK_MIB = 600  # mongod makes 300 MiB of journal at most
ROOM_MIB = 3  # what it can still take: some chunks
# Rows would stay in mongod's memory for a minute, and miss no disk.
CHECKPOINTS = ("--syncdelay", "1")  # seconds
# Such a disk is too small for the product; and a server that is gone for good need not be waited for.
SMALL_DISK = ("GIB=1", "OUTAGE_S=3")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk in memory, or say why the test is skipped."""
    folder.mkdir()
    size = f"size={DISK_MIB}m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted by this user: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with small_disk(tmp_path / "disk") as disk, serving(disk / "mongo", more=CHECKPOINTS) as one:
        yield one


def test_a_disk_too_small_to_recover_on_is_refused_before_the_first_row(server: Server, tmp_path: Path) -> None:
    lines = invented_input(tmp_path, 1_000, 1_000)
    process = start_seeder(server.uri, "small", lines.arguments, stderr=subprocess.PIPE)
    with running(process):
        _, said = process.communicate(timeout=30)
    assert process.returncode == 73
    assert re.fullmatch(r"seeder: MongoDB's disk has 0\.\d GiB free of 0\.6, and needs 1\.0 .*\n", said.decode())
    assert server.client["small"][schema.TRANSACTIONS].count_documents({}) == 0


def test_after_a_full_disk_what_was_acknowledged_is_there_and_a_rerun_ends_exact(
    server: Server, tmp_path: Path
) -> None:
    lines = invented_input(tmp_path, 150_000, 200)  # small chunks: it takes longer than two checkpoints
    with running(start_seeder(server.uri, "once", lines.arguments, constants=SMALL_DISK)) as process:
        assert process.wait(60) == 0
    expected = contents(server.client["once"])
    filler = tmp_path / "disk" / "filler"
    disk = os.statvfs(filler.parent)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - (ROOM_MIB << 20))
    # It checks the room before the first row; here the room went away afterwards.
    constants = (*SMALL_DISK, "MIN_FREE_SHARE=0")
    process = start_seeder(
        server.uri, "full", lines.arguments, constants=constants, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with running(process):
        printed, said = process.communicate(timeout=120)
    assert process.returncode in {69, 73}
    assert said.decode().splitlines()[-1].startswith("seeder: MongoDB ")
    assert b"Traceback" not in said
    server.ended()

    filler.unlink()
    server.start()
    acknowledged = [int(rows.replace(",", "")) for rows in re.findall(r"^([\d,]+) of", printed.decode(), re.MULTILINE)]
    database = server.client["full"]
    there = sum(database[name].count_documents({}) for name in (schema.TRANSACTIONS, schema.QUARANTINE))
    assert max(acknowledged) <= there < lines.rows
    (load,) = database[schema.LOADS].find()
    assert load["ledger"]["read"] <= there
    with running(start_seeder(server.uri, "full", lines.arguments, constants=SMALL_DISK)) as process:
        assert process.wait(60) == 0
    assert not differences(contents(database), expected)
    assert not invalid(database)
