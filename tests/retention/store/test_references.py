"""Text ids by number, on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from retention.errors import BadDataError
from retention.store import references, schema

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]


def test_references_are_found_by_number(database: Db) -> None:
    assert references.add(database, {7: "a", 8: "b"}) == 2
    assert references.find(database, [7, 8, 9]) == {7: "a", 8: "b"}
    assert database[schema.REFERENCES].find_one({"_id": 7}) == {"_id": 7, "reference": "a"}


def test_to_add_them_again_changes_nothing(database: Db) -> None:
    references.add(database, {7: "a"})
    assert references.add(database, {7: "a", 8: "b"}) == 1
    assert references.add(database, {}) == 0


def test_another_text_under_a_number_is_refused_and_the_first_stays(database: Db) -> None:
    references.add(database, {7: "a"})
    with pytest.raises(BadDataError, match="7"):
        references.add(database, {7: "other", 8: "b"})
    assert references.find(database, [7, 8]) == {7: "a"}


def test_one_that_came_in_meanwhile_is_compared_too(database: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    find, asked = references.find, []

    def late(*arguments: Any) -> dict[int, str]:
        asked.append(arguments)
        return find(*arguments) if len(asked) > 1 else {}

    monkeypatch.setattr(references, "find", late)
    references.add(database, {7: "a"})
    asked.clear()
    assert references.add(database, {7: "a", 8: "b"}) == 1
    asked.clear()
    with pytest.raises(BadDataError):
        references.add(database, {7: "other"})
