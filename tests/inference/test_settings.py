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
        ({"API_KEYS_FILE": "/nowhere/keys"}, "API_KEYS_FILE: cannot read /nowhere/keys"),
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


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RATE_LIMIT": "often"}, "RATE_LIMIT"),
        ({"RATE_LIMIT": "0/minute"}, "RATE_LIMIT"),
        ({"TRUSTED_PROXIES": "*"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "edge.example"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "10.0.0.1, 10.0.0.1/8"}, "TRUSTED_PROXIES"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
        ({"CORS_ORIGINS": "https://shop.example/"}, "CORS_ORIGINS"),
        ({"REQUESTS_AT_ONCE": "0"}, "REQUESTS_AT_ONCE"),
        ({"CONNECTIONS_PER_ADDRESS": "many"}, "CONNECTIONS_PER_ADDRESS"),
        ({"ID_HASH_KEY_FILE": "/nowhere/key"}, "ID_HASH_KEY_FILE"),
    ],
)
def test_what_would_let_in_more_than_was_meant_is_refused(
    environ: dict[str, str], variables: dict[str, str], named: str
) -> None:
    with pytest.raises(BadConfigurationError, match=named):
        Settings.from_environ(environ | variables)


def test_access_is_what_the_environment_says(environ: dict[str, str]) -> None:
    settings = Settings.from_environ(
        environ
        | {"TRUSTED_PROXIES": "10.0.0.1, 172.20.0.0/16,::1", "CORS_ORIGINS": "https://a.example, http://[::1]:3000"}
        | {"RATE_LIMIT": "10 per 5 seconds", "ID_HASH_KEY": "of the log"}
    )

    assert settings.trusted_proxies == ("10.0.0.1", "172.20.0.0/16", "::1")
    assert settings.cors_origins == ("https://a.example", "http://[::1]:3000")
    assert settings.rate_limit[:2] == (10, 5)
    assert settings.id_hash_key == b"of the log"


def test_without_a_key_for_the_log_each_start_has_its_own(environ: dict[str, str]) -> None:
    keys = {Settings.from_environ(environ).id_hash_key for _ in range(2)}

    assert {len(key) for key in keys} == {32}
    assert len(keys) == 2
