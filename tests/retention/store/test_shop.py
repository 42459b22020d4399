"""What holds for the whole database, on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from retention.errors import BadConfigurationError, BadDataError
from retention.store import schema
from retention.store.shop import Shop, current, read, refuse_other_settings, settle

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

BERLIN = Shop("Europe/Berlin", "EUR", "C")


def without_date(shop: Shop | None) -> Shop | None:
    return shop and shop._replace(created_at=None)


def test_a_new_database_has_none(database: Db) -> None:
    assert read(database) is None
    assert current(database) is None


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_lines_without_the_document_are_those_of_an_older_release(database: Db, currency: str | None) -> None:
    database[schema.TRANSACTIONS].insert_one({})
    assert current(database, currency=currency) == Shop("UTC", currency or "GBP", "C") == Shop.legacy(currency)


def test_what_is_settled_is_read_and_stays(database: Db) -> None:
    first = settle(database, BERLIN)
    assert without_date(first) == BERLIN
    assert first.created_at is not None
    assert settle(database, BERLIN) == first == read(database) == current(database)


def test_what_nothing_has_said_yet_the_next_file_says(database: Db) -> None:
    settle(database, Shop("UTC"))
    settle(database, Shop("UTC", "USD"))
    assert without_date(settle(database, Shop("UTC", None, ""))) == Shop("UTC", "USD", "")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (BERLIN._replace(currency="USD"), ("EUR", "USD")),
        (BERLIN._replace(time_zone="UTC"), ("Europe/Berlin", "UTC")),
        (BERLIN._replace(cancelled_prefix=""), ("C", "none")),
        (BERLIN._replace(leading_zeros=True), ("leading zeros",)),
    ],
)
def test_a_file_that_differs_is_refused_with_the_way_out(database: Db, other: Shop, named: tuple[str, ...]) -> None:
    settle(database, BERLIN)
    with pytest.raises(BadDataError, match="--drop") as refused:
        settle(database, other)
    assert all(name in str(refused.value) for name in named)
    assert without_date(read(database)) == BERLIN


def test_a_file_without_leading_zeros_differs_from_nothing(database: Db) -> None:
    settle(database, BERLIN._replace(leading_zeros=True))
    assert settle(database, BERLIN).leading_zeros


@pytest.mark.parametrize("settings", [{"time_zone": "UTC", "currency": None}, {"time_zone": None, "currency": "USD"}])
def test_a_setting_that_differs_is_named_with_both_values(settings: dict[str, str | None]) -> None:
    with pytest.raises(BadConfigurationError) as refused:
        refuse_other_settings(BERLIN, **settings)
    told = str(refused.value)
    assert all(value in told for value in settings.values() if value)
    assert any(value in told for value in ("Europe/Berlin", "EUR"))


def test_a_setting_that_is_the_same_or_not_set_is_fine() -> None:
    refuse_other_settings(BERLIN, time_zone="Europe/Berlin", currency="EUR")
    refuse_other_settings(BERLIN, time_zone=None, currency=None)
    refuse_other_settings(Shop("UTC"), time_zone="UTC", currency="USD")


def test_the_label_is_pounds_only_when_nothing_says_otherwise() -> None:
    assert (Shop("UTC").currency_label, BERLIN.currency_label) == ("GBP", "EUR")
