"""What the driver's errors become: our types, with their exit codes, and messages without documents or passwords."""

from __future__ import annotations

import pymongo
import pytest
from pymongo.errors import AutoReconnect, ExecutionTimeout, InvalidOperation, OperationFailure, PyMongoError

from retention.errors import BadConfigurationError
from retention.store.connection import open_client
from retention.store.driver_errors import driver_errors, driver_message, is_transient, refused_as


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (OperationFailure("BSONObj size: 16777300 (0x1000054) is invalid.", 10334), False),
        (OperationFailure("Document failed validation", 121), False),
        (OperationFailure("E11000", 11000, {"keyPattern": {"Frequency": 1}}), False),
        (OperationFailure("E11000", 11000, {"keyPattern": {"_id": 1}}), True),
        (OperationFailure("not primary", 10107), True),
        (OperationFailure("interrupted at shutdown", 11600), True),
        (OperationFailure("not authorized", 13), True),
        (ExecutionTimeout("operation exceeded time limit", 50), True),
    ],
)
def test_only_what_may_pass_is_transient(error: OperationFailure, *, later: bool) -> None:
    assert is_transient(error) is later


def test_the_drivers_message_is_cut_and_holds_no_document() -> None:
    error = OperationFailure("failed, full error: {'_id': 12347}", 121, {"errmsg": "failed " * 100})

    assert len(driver_message(error)) == 300
    assert "12347" not in driver_message(error)


def test_the_drivers_message_leaves_its_settings_out() -> None:
    error = AutoReconnect("127.0.0.1:1: refused (configured timeouts: socketTimeoutMS: 20000.0ms), Timeout: 1.0s")

    assert driver_message(error) == "AutoReconnect: 127.0.0.1:1: refused"


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (AutoReconnect("closed"), 69, "MongoDB went away"),
        (OperationFailure("Authentication failed.", 18), 77, "refuses this user"),
        (OperationFailure("not authorized", 13), 77, "refuses this user"),
        (OperationFailure("no space", 14031), 73, "free some"),
        (OperationFailure("something else", 121), 1, "something else"),
        (InvalidOperation("after close"), 1, "after close"),
    ],
)
def test_every_error_of_the_driver_becomes_one_of_ours(error: PyMongoError, exit_code: int, message: str) -> None:
    with pytest.raises(Exception, match=message) as raised, driver_errors():
        raise error
    assert vars(type(raised.value))["exit_code"] == exit_code


def test_what_may_pass_is_not_turned_into_a_refusal() -> None:
    with pytest.raises(pymongo.errors.OperationFailure), refused_as(BadConfigurationError):
        raise OperationFailure("not primary", 10107)
    with pytest.raises(BadConfigurationError, match="validation"), refused_as(BadConfigurationError):
        raise OperationFailure("Document failed validation", 121)


def test_an_address_that_cannot_be_used_is_named_without_its_password() -> None:
    with pytest.raises(BadConfigurationError, match="MONGO_URI cannot be used") as raised:
        open_client("mongodb://user:p@ss@word@example.org", appname="test")
    assert "word" not in str(raised.value)
