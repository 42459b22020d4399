"""Fixtures for every test: a real mongod for those that ask for one, no network for those that do not."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pymongo
import pytest
from online_retail import FILE
from pytest_socket import disable_socket, enable_socket
from shops import Shop, seeded

from embedded_mongod import embedded_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server for the session: MONGO_URI when it is set, else our own."""
    if os.environ.get("MONGO_URI"):
        yield os.environ["MONGO_URI"]
        return
    enable_socket()
    fail_points = ("--setParameter", "enableTestCommands=1")
    with embedded_mongod(tmp_path_factory.mktemp("mongo") / "data", more=fail_points) as mongod:
        yield mongod.uri


@pytest.fixture
def database_name(mongo_uri: str) -> Iterator[str]:
    """The name of a database of the test's own, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with pymongo.MongoClient[dict[str, object]](mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture
def database(mongo_uri: str, database_name: str) -> Iterator[Database[dict[str, object]]]:
    """A database of the test's own on the real server."""
    with pymongo.MongoClient[dict[str, object]](mongo_uri, tz_aware=True) as client:
        yield client[database_name]


@pytest.fixture(scope="session")
def invented_shop(mongo_uri: str) -> Iterator[Shop]:
    """The default data of scripts/up."""
    with seeded(mongo_uri, "synthetic") as shop:
        yield shop


@pytest.fixture(scope="session")
def real_shop(mongo_uri: str) -> Iterator[Shop]:
    """The real Online Retail."""
    with seeded(mongo_uri, "load", str(FILE)) as shop:
        yield shop


@pytest.fixture(scope="session")
def real_models_dir(real_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of the real Online Retail, one version of them."""
    models_dir = tmp_path_factory.mktemp("real") / "models"
    real_shop.train(models_dir)
    return models_dir


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network to every test that did not ask for a server."""
    needs_network = {"mongo_uri", "network"} & set(getattr(item, "fixturenames", ()))
    enable_socket() if needs_network else disable_socket(allow_unix_socket=True)


@pytest.fixture
def network() -> None:
    """Ask for sockets: the test starts a server of its own on loopback."""
