"""The numbers of loads of whole orders, on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replaced_orders import JULY, JUNE

from retention.store import schema, sequences

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]


def test_a_load_keeps_its_number_and_the_next_one_has_a_higher_one(database: Db) -> None:
    june = sequences.take(database, "june", JUNE)
    july = sequences.take(database, "july", JULY)
    assert june < july
    assert sequences.take(database, "june", JUNE) == june


def test_a_load_that_starts_anew_comes_last_and_what_stood_in_it_still_has_its_day(database: Db) -> None:
    june, july = sequences.take(database, "june", JUNE), sequences.take(database, "july", JULY)
    again = sequences.take(database, "june", JUNE, anew=True)
    assert again > july
    assert sequences.take(database, "june", JUNE) == again
    assert sequences.last_days(database, [june, july, again, 99]) == {june: JUNE, july: JULY, again: JUNE}


def test_numbers_never_fall(database: Db) -> None:
    before = sequences.take(database, "june", JUNE)
    database[schema.SEQUENCES].delete_many({})  # --drop
    assert sequences.take(database, "june", JUNE) > before
