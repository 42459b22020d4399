"""Invalid settings fail at start, in one message that names every variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retention.errors import BadConfigurationError
from retention.settings import SettingsReader

if TYPE_CHECKING:
    from pathlib import Path


def test_every_problem_is_in_one_message() -> None:
    reader = SettingsReader({"PORT": "many", "CLOCK": "sundial", "KEY_FILE": "/nonexistent"})
    reader.integer("PORT", 1, minimum=1, maximum=9)
    reader.choice("CLOCK", "data", ("data", "wall"))
    reader.secret("KEY")
    reader.text("MONGO_URI")
    with pytest.raises(BadConfigurationError, match=r"PORT.*CLOCK.*KEY_FILE.*MONGO_URI"):
        reader.finish()


def test_a_number_out_of_range_names_the_range() -> None:
    reader = SettingsReader({"PORT": "10"})
    reader.integer("PORT", 1, minimum=1, maximum=9)
    with pytest.raises(BadConfigurationError, match="from 1 to 9, not 10"):
        reader.finish()


def test_an_empty_secret_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    reader = SettingsReader({"KEY_FILE": str(tmp_path / "key")})
    reader.secret("KEY")
    with pytest.raises(BadConfigurationError, match=r"KEY_FILE.*is empty"):
        reader.finish()


def test_a_secret_comes_from_its_file_unless_the_variable_is_set(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    environ = {"KEY_FILE": str(tmp_path / "key")}
    assert SettingsReader(environ).secret("KEY") == "from the file"
    assert SettingsReader(environ | {"KEY": "given"}).secret("KEY") == "given"


def test_a_database_name_must_be_valid_in_mongodb() -> None:
    assert SettingsReader({"DB_NAME": "shop_2-a"}).database_name() == "shop_2-a"
    reader = SettingsReader({"DB_NAME": "a b$"})
    reader.database_name()
    with pytest.raises(BadConfigurationError, match="DB_NAME"):
        reader.finish()
