"""People as a file names them."""

from __future__ import annotations

import pytest

from seeder.look.people import NOBODY, Person, masked, person


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (" Maya@Fernhill.example ", Person("e-mail", "maya@fernhill.example")),
        ("17850", Person("number", "17850")),
        ("17850.0", Person("number", "17850")),
        (17850.0, Person("number", "17850")),
        (17850, Person("number", "17850")),
        ("CUSTX9YZ", Person("text", "CUSTX9YZ")),
        ("17,5", Person("text", "17,5")),
    ],
)
def test_a_cell_names_a_person(cell: object, found: Person) -> None:
    assert person(cell) == found


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("maya@fernhill.example", "m…@fernhill.example"), ("17850", "17850"), ("Maya Orr", "M…r")],
)
def test_a_screen_shows_no_name_and_no_address(cell: str, shown: str) -> None:
    assert masked(person(cell)) == shown


def test_nobody_is_called_nobody() -> None:
    assert masked(NOBODY) == "nobody"
