"""What every test may use: a real mongod per worker, shops that are seeded once, sockets only on request."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pymongo
import pytest
from online_retail import FILE
from parallel import shared_group, start_order
from pytest_socket import disable_socket, enable_socket
from shops import Shop, seeded

from embedded_mongod import embedded_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

LONGEST_ID = 100


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Send the tests that share an expensive fixture to one worker, and start with the longest groups."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        if group := shared_group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=start_order)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Return a short name for packed and long values: gzip and zip hold the time, and workers must agree on names."""
    if isinstance(val, bytes) and val[:2] in {b"\x1f\x8b", b"PK"}:
        return argname
    return argname if isinstance(val, bytes | str) and len(val) > LONGEST_ID else None


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server for the worker: MONGO_URI when it is set, otherwise one of its own."""
    if os.environ.get("MONGO_URI"):
        yield os.environ["MONGO_URI"]
        return
    enable_socket()
    fail_points = ("--setParameter", "enableTestCommands=1")
    with embedded_mongod(tmp_path_factory.mktemp("mongo") / "data", more=fail_points) as mongod:
        yield mongod.uri


@pytest.fixture
def database_name(mongo_uri: str) -> Iterator[str]:
    """The name of a new database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with pymongo.MongoClient[dict[str, object]](mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture
def database(mongo_uri: str, database_name: str) -> Iterator[Database[dict[str, object]]]:
    """A new database on the real server."""
    with pymongo.MongoClient[dict[str, object]](mongo_uri, tz_aware=True) as client:
        yield client[database_name]


@pytest.fixture(scope="session")
def invented_shop(mongo_uri: str) -> Iterator[Shop]:
    """A shop with the default data of scripts/up."""
    with seeded(mongo_uri, "synthetic") as shop:
        yield shop


@pytest.fixture(scope="session")
def invented_models_dir(invented_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one version, trained on the invented shop; copy it before you change it."""
    models_dir = tmp_path_factory.mktemp("invented") / "models"
    invented_shop.train(models_dir)
    return models_dir


@pytest.fixture(scope="session")
def small_shop(mongo_uri: str) -> Iterator[Shop]:
    """An invented shop with a tenth of the rows: large enough to train on."""
    with seeded(mongo_uri, "synthetic", "--rows", "40000") as shop:
        yield shop


@pytest.fixture(scope="session")
def real_shop(mongo_uri: str) -> Iterator[Shop]:
    """The shop of the Online Retail file."""
    with seeded(mongo_uri, "load", str(FILE)) as shop:
        yield shop


@pytest.fixture(scope="session")
def real_models_dir(real_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one version, trained on Online Retail."""
    models_dir = tmp_path_factory.mktemp("real") / "models"
    real_shop.train(models_dir)
    return models_dir


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Block sockets unless the test uses a server."""
    needs_network = {"mongo_uri", "network"} & set(getattr(item, "fixturenames", ()))
    enable_socket() if needs_network else disable_socket(allow_unix_socket=True)


@pytest.fixture
def network() -> None:
    """Allow sockets: the test starts its own server on loopback."""
