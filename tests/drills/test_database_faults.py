"""A database that freezes, drops or delays what is asked: answers in time, no 500, and back by itself.

`scripts/drill faults` is the long form, with all ten faults.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from drills.fault_proxy import BLACK_HOLE, CUT, DEAD, FROZEN, PASS, RESET, Mode, late, proxying
from drills.faults_drill import RECOVERED_S, SLOWEST_S, drill
from drills.shop_api import Shop, seeded_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD_S = 2

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]


@pytest.fixture
def shop(tmp_path: Path, network: None) -> Iterator[Shop]:  # noqa: ARG001 - it opens the network
    with seeded_shop(tmp_path) as seeded:
        yield seeded


def test_whatever_the_database_does_answers_come_within_a_second_and_the_api_recovers(shop: Shop) -> None:
    outcomes = asyncio.run(drill(shop, modes=(late(1000), FROZEN, RESET), servers=False, hold_s=HOLD_S))
    for outcome in outcomes:
        assert outcome.wrong == []
        assert outcome.bit
        assert outcome.slowest_s <= SLOWEST_S
        assert outcome.recovered_s <= RECOVERED_S
        assert outcome.threads <= 12, "the driver's pool of threads, once: in so short a time it may still fill up"
        assert outcome.fds <= 12


def test_without_its_deadline_the_api_is_found_out(shop: Shop) -> None:
    (outcome,) = asyncio.run(drill(shop, modes=(FROZEN,), servers=False, hold_s=HOLD_S, without=["no_deadline"]))
    assert outcome.slowest_s > SLOWEST_S
    assert any("slowest" in fault for fault in outcome.faults)


def test_the_proxy_does_what_its_modes_say() -> None:
    async def heard(mode: Mode) -> tuple[bytes | None, float]:
        """Return what comes back of 30 bytes within 0.3 s, None when nothing does, and how long it took."""

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read(100))
            with suppress(ConnectionError):
                await writer.drain()
            writer.close()

        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server, proxying(_port(server)) as proxy:
            await proxy.become(mode)
            started = loop.time()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                writer.write(b"x" * 30)
                async with asyncio.timeout(0.3):
                    answer = await reader.read(100)
                writer.close()
            except TimeoutError:
                writer.close()
                return None, loop.time() - started
            except OSError as error:
                return type(error).__name__.encode(), loop.time() - started
            return answer, loop.time() - started

    async def all_of_them() -> None:
        assert (await heard(PASS))[0] == b"x" * 30
        answer, seconds = await heard(late(100))
        assert (answer, seconds >= 0.1) == (b"x" * 30, True)
        assert (await heard(FROZEN))[0] is None
        assert (await heard(BLACK_HOLE))[0] is None
        assert (await heard(RESET))[0] == b"ConnectionResetError"
        assert (await heard(DEAD))[0] == b"ConnectionRefusedError"
        assert (await heard(CUT))[0] == b"x" * 20
        await asyncio.sleep(0.1)  # for the last connections to close

    asyncio.run(all_of_them())


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
