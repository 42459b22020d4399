"""Work in threads: one deadline, and a turn that is held until the thread ends."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pymongo
import pytest
from pymongo.errors import AutoReconnect

from inference.database.connection import Connection
from inference.settings import Settings
from retention.errors import BadDataError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture
def connection(environ: dict[str, str]) -> Iterator[Connection]:
    with closing(Connection(Settings.from_environ(environ))) as connection:
        yield connection


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def test_the_deadline_of_the_driver_holds_in_the_thread_and_is_the_earlier(
    connection: Connection, threads: ThreadPoolExecutor
) -> None:
    left = await connection.in_thread(threads, pymongo._csot.get_timeout, timeout_ms=5_000)
    assert left == pytest.approx(4.5)


async def test_a_turn_is_held_until_the_thread_ends_though_the_caller_is_answered(
    connection: Connection, threads: ThreadPoolExecutor
) -> None:
    going, ended = threading.Event(), threading.Event()
    with pytest.raises(UnavailableError):
        await connection.in_thread(threads, lambda: going.wait(10), timeout_ms=20, ended=ended.set)
    assert not ended.is_set()
    going.set()
    assert await asyncio.to_thread(ended.wait, 10)


async def test_work_that_never_got_a_thread_is_not_done_and_gives_its_turn_back(
    connection: Connection, threads: ThreadPoolExecutor
) -> None:
    going, done, ended = threading.Event(), threading.Event(), threading.Event()
    held = threads.submit(going.wait, 10)
    with pytest.raises(UnavailableError):
        await connection.in_thread(threads, done.set, timeout_ms=20, ended=ended.set)
    assert ended.is_set()
    going.set()
    held.result()
    assert not done.is_set()


async def test_an_error_of_the_driver_is_unavailable_and_one_of_ours_goes_on(
    connection: Connection, threads: ThreadPoolExecutor
) -> None:
    def failing(error: Exception) -> None:
        raise error

    with pytest.raises(UnavailableError, match="does not answer"):
        await connection.in_thread(threads, lambda: failing(AutoReconnect("closed")))
    with pytest.raises(BadDataError):
        await connection.in_thread(threads, lambda: failing(BadDataError("older")))
