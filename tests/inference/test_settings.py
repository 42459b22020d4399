from __future__ import annotations

import subprocess
import sys

import pytest

from inference.settings import Settings
from retention.errors import BadConfigurationError


def test_the_defaults_serve_this_machine_alone(environ: dict[str, str]) -> None:
    del environ["ALLOWED_HOSTS"]
    settings = Settings.from_environ(environ)

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.allowed_hosts == {"localhost", "127.0.0.1", "[::1]"}


def test_everything_wrong_is_named_at_once(environ: dict[str, str]) -> None:
    del environ["MONGO_URI"]
    with pytest.raises(BadConfigurationError, match=r"MONGO_URI is not set.*PORT.*CLOCK"):
        Settings.from_environ(environ | {"PORT": "http", "CLOCK": "moon"})


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "99999"}, "PORT"),
        ({"MONGO_URI": ""}, "MONGO_URI"),
        ({"MONGO_URI": "not-an-address:secret@x"}, "MONGO_URI"),
        ({"MONGO_URI": "mongodb://user:p/ss:secret@host"}, "MONGO_URI"),
    ],
)
def test_a_bad_setting_is_one_line_and_exit_code_78(
    environ: dict[str, str], variables: dict[str, str], named: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "inference"], env=environ | variables, capture_output=True, text=True, check=False
    )

    assert run.returncode == 78
    assert run.stderr.count("\n") == 1
    assert named in run.stderr
    assert "secret" not in run.stderr
