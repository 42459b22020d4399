"""Waiting for a server and retrying: what is away is waited for, what is refused is not."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from pymongo.errors import AutoReconnect, NetworkTimeout, OperationFailure

from retention.errors import NotPermittedError, StoppedError, UnavailableError
from retention.store import connection
from retention.store.connection import open_database, run_each, until_it_answers, with_retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a sleep moves."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(connection, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    return now


def failing(*errors: Exception) -> Callable[..., str]:
    """Return what raises each of these, then answers."""
    left = list(errors)

    def ask(*_: Any) -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return ask


def test_a_server_that_comes_late_is_waited_for_and_the_person_is_told(clock: list[float]) -> None:
    said: list[str] = []
    ask = failing(AutoReconnect("refused"), NetworkTimeout("slow"))

    assert until_it_answers(ask, wait_s=60, waiting=said.append) == "answer"
    assert (clock, said) == ([2.0], ["waiting for MongoDB"] * 2)


def test_a_server_that_never_comes_is_unavailable_after_the_wait(clock: list[float]) -> None:
    ask = failing(*[AutoReconnect("refused")] * 100)

    with pytest.raises(UnavailableError, match=r"after 5 s: AutoReconnect: refused: run the same command again"):
        until_it_answers(ask, wait_s=5)
    assert clock == [6.0]


@pytest.mark.usefixtures("clock")
def test_a_refusal_is_not_waited_out() -> None:
    with pytest.raises(OperationFailure):
        until_it_answers(failing(OperationFailure("Authentication failed.", 18)), wait_s=60)


@pytest.mark.usefixtures("clock")
def test_a_stop_ends_the_wait() -> None:
    with pytest.raises(StoppedError, match="run the same command again"):
        until_it_answers(failing(AutoReconnect("refused")), wait_s=60, stopping=lambda: True)


@pytest.mark.usefixtures("clock")
def test_a_step_that_lost_its_server_runs_again_and_knows_it(database: Database[dict[str, Any]]) -> None:
    told: list[bool] = []

    def step(again: bool) -> str:
        told.append(again)
        if not again:
            raise AutoReconnect("closed")
        return "done"

    said: list[str] = []
    assert with_retry(step, database, outage_s=20, waiting=said.append) == "done"
    assert (told, said) == ([False, True], ["MongoDB went away; waiting"])


@pytest.mark.usefixtures("clock")
def test_a_step_that_is_refused_does_not_run_again(database: Database[dict[str, Any]]) -> None:
    with pytest.raises(OperationFailure):
        with_retry(failing(OperationFailure("Document failed validation", 121)), database, outage_s=20)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_deadline_holds_in_every_thread(*, at_once: bool) -> None:
    with pymongo.timeout(5):
        left = run_each(lambda _: pymongo._csot.get_timeout(), range(3), at_once=at_once)
    assert left == [5, 5, 5]


@pytest.mark.usefixtures("network")
def test_errors_of_an_opened_database_are_ours(mongo_uri: str) -> None:
    with pytest.raises(NotPermittedError), open_database(mongo_uri, "db", appname="test", wait_s=5):
        raise OperationFailure("not authorized", 13)
    started = time.monotonic()
    with pytest.raises(UnavailableError), open_database("mongodb://127.0.0.1:1/", "db", appname="test", wait_s=0):
        pass
    assert time.monotonic() - started < 5
