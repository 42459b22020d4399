"""Look-ups that arrive together, over questions that the test answers when it wants to."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from inference.database.batching import LookupBatcher
from retention.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.anyio

ABSENT = 0


class Questions:
    """Answers ten times the key, nothing for ABSENT; each question waits until it is let through."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self._held: list[asyncio.Future[None]] = []

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(sorted(keys))
        held = asyncio.get_running_loop().create_future()
        self._held.append(held)
        await held
        return {key: 10 * key for key in keys if key != ABSENT}

    async def let_through(self, number: int) -> None:
        """Let one question be answered, and everybody act on it."""
        self._held[number].set_result(None)
        await turns()

    async def fail(self, number: int, error: Exception) -> None:
        self._held[number].set_exception(error)
        await turns()


async def turns() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def asking(coalesced: LookupBatcher[int, int], *keys: int) -> list[asyncio.Task[int | None]]:
    """Let so many ask, one after the other."""
    tasks = [asyncio.create_task(coalesced(key)) for key in keys]
    await turns()
    return tasks


async def test_the_first_asks_at_once_and_those_who_arrive_meanwhile_ask_together() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, queries_at_once=1)
    (first,) = await asking(coalesced, 1)
    others = await asking(coalesced, 2) + await asking(coalesced, 3) + await asking(coalesced, 4)

    assert questions.asked == [[1]]
    await questions.let_through(0)
    assert await first == 10
    assert questions.asked == [[1], [2, 3, 4]]
    await questions.let_through(1)
    assert await asyncio.gather(*others) == [20, 30, 40]


async def test_those_of_one_turn_of_the_loop_ask_together_from_the_start() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60)
    tasks = await asking(coalesced, 1, 2, 3)

    assert questions.asked == [[1, 2, 3]]
    await questions.let_through(0)
    assert await asyncio.gather(*tasks) == [10, 20, 30]


async def test_who_comes_in_the_turns_that_follow_is_with_the_first_and_a_turn_without_anybody_ends_the_wait() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, batch_size=4)
    tasks = []
    for key in (1, 2, 3):
        tasks.append(asyncio.create_task(coalesced(key)))
        await asyncio.sleep(0)
    await turns()
    tasks.append(asyncio.create_task(coalesced(4)))
    await turns()

    assert questions.asked == [[1, 2, 3], [4]]
    await questions.let_through(0)
    await questions.let_through(1)
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]


async def test_a_full_question_waits_for_nobody() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, queries_at_once=1, batch_size=2)
    tasks = [asyncio.create_task(coalesced(key)) for key in (1, 2)]
    await asyncio.sleep(0)
    for key in range(3, 20):
        tasks.append(asyncio.create_task(coalesced(key)))
        await asyncio.sleep(0)

    assert questions.asked == [[1, 2]]
    for task in tasks:
        task.cancel()


async def test_nobody_is_answered_from_a_question_that_was_put_before_they_came() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, queries_at_once=1)
    (first,) = await asking(coalesced, 1)
    (again,) = await asking(coalesced, 1)
    await questions.let_through(0)

    assert first.done()
    assert not again.done()
    assert questions.asked == [[1], [1]]
    await questions.let_through(1)
    assert await again == 10


async def test_who_asks_for_the_same_is_answered_by_one_key_of_the_question() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60)
    tasks = await asking(coalesced, 7, 7, 7, ABSENT)

    assert questions.asked == [[ABSENT, 7]]
    await questions.let_through(0)
    assert await asyncio.gather(*tasks) == [70, 70, 70, None]


async def test_questions_under_way_and_their_size_are_bounded_and_nobody_is_passed_over() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, queries_at_once=2, batch_size=3)
    tasks = await asking(coalesced, 1) + await asking(coalesced, 2)
    tasks += await asking(coalesced, *range(3, 11))

    assert questions.asked == [[1], [2]]
    await questions.let_through(1)
    assert questions.asked[2:] == [[3, 4, 5]]  # in the order of arrival
    await questions.let_through(2)
    await questions.let_through(3)
    assert questions.asked[3:] == [[6, 7, 8], [9, 10]]
    await questions.let_through(4)
    await questions.let_through(0)
    assert await asyncio.gather(*tasks) == [10 * key for key in range(1, 11)]


async def test_one_that_cannot_be_answered_is_not_the_failure_of_the_others() -> None:
    async def ask(keys: Sequence[int]) -> Mapping[int, int]:
        if 13 in keys:
            raise ValueError("not to be decoded")
        return {key: 10 * key for key in keys}

    coalesced = LookupBatcher(ask, timeout_s=60)
    answers = await asyncio.gather(*(coalesced(key) for key in (12, 13, 14)), return_exceptions=True)

    assert answers[::2] == [120, 140]
    assert isinstance(answers[1], ValueError)


async def test_when_nothing_answers_all_who_asked_are_told_and_it_is_not_asked_once_for_each() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60)
    tasks = await asking(coalesced, 1, 2, 3)
    await questions.fail(0, UnavailableError("away"))

    assert [type(task.exception()) for task in tasks] == [UnavailableError] * 3
    assert len(questions.asked) == 1
    (next_one,) = await asking(coalesced, 4)
    await questions.let_through(1)
    assert await next_one == 40


async def test_one_who_goes_away_takes_nobody_along() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=60, queries_at_once=1)
    under_way, stays = await asking(coalesced, 1, 2)
    waiting, waits = await asking(coalesced, 3, 4)
    under_way.cancel()
    waiting.cancel()
    await turns()
    await questions.let_through(0)

    assert await stays == 20
    assert questions.asked == [[1, 2], [4]]  # nobody is asked about whom nobody waits for
    await questions.let_through(1)
    assert await waits == 40


async def test_the_deadline_counts_from_the_arrival_and_the_wait_for_a_turn_is_part_of_it() -> None:
    questions = Questions()
    coalesced = LookupBatcher(questions, timeout_s=0.05, queries_at_once=1)
    started = asyncio.get_running_loop().time()
    asked, waiting = await asking(coalesced, 1) + await asking(coalesced, 2)

    for task in (asked, waiting):
        with pytest.raises(UnavailableError):
            await task
    assert 0.04 < asyncio.get_running_loop().time() - started < 5
    assert questions.asked == [[1]]  # the second never had a turn
    await questions.let_through(0)
    assert questions.asked == [[1]]


@pytest.mark.parametrize("seed", range(5))
async def test_everybody_is_answered_whenever_they_come(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same arrivals every time

    async def ask(keys: Sequence[int]) -> Mapping[int, int]:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        return {key: 10 * key for key in keys}

    coalesced = LookupBatcher(ask, timeout_s=60, queries_at_once=chance.randint(1, 3), batch_size=chance.randint(1, 5))

    async def arriving(key: int) -> int | None:
        for _ in range(chance.randrange(300)):
            await asyncio.sleep(0)
        return await coalesced(key)

    async with asyncio.timeout(20):
        assert await asyncio.gather(*map(arriving, range(300))) == [10 * key for key in range(300)]
