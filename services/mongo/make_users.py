"""Make MongoDB's users: one per service, each with a role that allows its work and nothing else.

Runs at every start, on MongoDB's own localhost: while it has no user, a connection from there may create the first
one. Every step is atomic and is repeated by the next run, so this script and the server can be killed at any point. The
passwords are those that make_secrets.py wrote; after it renewed them, the admin logs in with the previous password, and
every user gets its new one.
"""  # noqa: INP001 - a script, run by its path

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from pymongo.errors import OperationFailure, PyMongoError
from upgrade_data import upgrade_data

from retention.errors import BadConfigurationError, NotPermittedError, RetentionError, UnavailableError
from retention.logs import configure_logs
from retention.settings import SettingsReader
from retention.store import schema
from retention.store.connection import open_client, until_it_answers
from retention.store.driver_errors import AUTHENTICATION_FAILED, UNAUTHORIZED, driver_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from retention.store.connection import Client

Grants: TypeAlias = "dict[str, Sequence[str]]"
Privileges: TypeAlias = "list[dict[str, Any]]"

_READ: Final = ("find",)
_APPEND: Final = ("find", "insert", "remove")  # remove is for --drop
_ADD: Final = ("find", "insert")
_DERIVE: Final = ("find", "insert", "update")  # $merge, and records; without remove, nothing can be lost
_WRITE: Final = ("find", "insert", "update", "remove")
_MAKE: Final = ("find", "insert", "createIndex", "dropCollection")  # and rename it over another
_REPLACE: Final = (*_MAKE, "update", "remove")  # may be replaced by a rename; $merge, and delete
_ANALYSED: Final = (schema.TRANSACTIONS, schema.ORDERS, schema.CUSTOMERS, schema.LOADS, schema.CLOCK, schema.SHOP)

GRANTS: Final[dict[str, Grants]] = {
    "seeder": {
        "": ("dbStats",),  # on the database: how much disk space is free
        schema.TRANSACTIONS: (*_WRITE, "createIndex"),  # an order that comes again replaces its lines
        schema.QUARANTINE: (*_APPEND, "createIndex"),
        schema.ORDERS: (*_WRITE, "createIndex"),
        schema.CUSTOMERS: _WRITE,
        schema.LOADS: (*_WRITE, "createIndex"),
        schema.CLOCK: _WRITE,
        schema.SHOP: _WRITE,
        schema.REFERENCES: _APPEND,
        schema.SUPERSEDED: _WRITE,
        schema.INTENTS: _WRITE,
        schema.SEQUENCES: (*_APPEND, "createIndex"),
        schema.GONE: (*_WRITE, "createIndex"),
        schema.SCORES: ("find", "remove"),  # of customers who have no order left after a replacement
    },
    "trainer": {**dict.fromkeys(_ANALYSED, _READ), schema.SCORES: _REPLACE, schema.NEXT_SCORES: _MAKE},
    "inference": {
        schema.TRANSACTIONS: (*_WRITE, "createIndex"),
        schema.QUARANTINE: ("insert",),  # rows that cannot be understood go there; the API never reads them
        schema.ORDERS: _WRITE,
        schema.CUSTOMERS: _WRITE,
        schema.LOADS: _DERIVE,
        schema.CLOCK: _DERIVE,
        schema.SCORES: _REPLACE,  # all customers are scored when the API moves the champion
        schema.NEXT_SCORES: _MAKE,
        schema.SHOP: _DERIVE,  # the first request decides what no file has
        schema.REFERENCES: _ADD,
        schema.SUPERSEDED: _DERIVE,
        schema.INTENTS: _WRITE,
        schema.SEQUENCES: _ADD,
        schema.GONE: _DERIVE,
    },
}

_MANAGE_USERS: Final = "userAdminAnyDatabase"
_HOLD_WRITES: Final = "hold_writes"  # the admin's second role: stops all writes while a copy is made
_USER_NOT_FOUND: Final = 11
_ROLE_NOT_FOUND: Final = 31
_DURABLE: Final = {"w": "majority", "j": True}  # a new user survives a kill of the server

logger = logging.getLogger("make_users")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--directory", type=Path, required=True, metavar="DIR", help="the directory that make_secrets.py filled"
    )
    parser.add_argument("--host", required=True, metavar="HOST:PORT", help="MongoDB, on this machine's loopback")
    options = parser.parse_args()
    configure_logs(os.environ.get("LOG_LEVEL", "info"))
    try:
        reader = SettingsReader(os.environ)
        db_name = reader.text("DB_NAME", "retention")
        wait_s = reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600)
        currency = reader.text("CURRENCY", "") or None
        reader.finish()
        passwords = {user: _password(options.directory / user / "mongo_uri") for user in ("admin", *GRANTS)}
        before = options.directory / "admin" / "mongo_uri.before"
        admins = [passwords["admin"], *([_password(before)] if before.exists() else [])]
        _made(lambda: make_users(options.host, db_name, passwords, admins), wait_s=wait_s, host=options.host)
    except RetentionError as error:
        logger.error("%s", error)  # noqa: TRY400 - the message says it all
        return error.exit_code
    logger.info("the users are %s", ", ".join(passwords))
    upgrade_data(options.host, db_name, passwords["seeder"], currency=currency)
    return 0


def make_users(host: str, db_name: str, passwords: Mapping[str, str], admins: Sequence[str]) -> None:
    """Make the admin if no user exists, then the roles and users of GRANTS; `admins` are passwords it may have."""
    _make_first_user(host, passwords["admin"])
    with _admin(host, admins) as client:
        for service, grants in GRANTS.items():
            privileges: Privileges = [
                {"resource": {"db": db_name, "collection": collection}, "actions": list(actions)}
                for collection, actions in grants.items()
            ]
            _make_role(client, service, privileges)
            _update_or_create(client, "User", service, _credentials(passwords[service], service))
        _make_role(client, _HOLD_WRITES, [{"resource": {"cluster": True}, "actions": ["fsync", "unlock"]}])
        # Last: a run that is killed earlier can log in again in the same way.
        _update_or_create(client, "User", "admin", _credentials(passwords["admin"], _MANAGE_USERS, _HOLD_WRITES))


def _make_role(client: Client, name: str, privileges: Privileges) -> None:
    _update_or_create(client, "Role", name, {"privileges": privileges, "roles": [], "writeConcern": _DURABLE})


def _make_first_user(host: str, password: str) -> None:
    """Create the admin, who may manage users, unless there is a user already."""
    with _client(host) as client:
        try:
            client.admin.command("createUser", "admin", **_credentials(password, _MANAGE_USERS))
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise


def _admin(host: str, passwords: Sequence[str]) -> Client:
    """Return a client logged in with the first of these passwords that the database accepts."""
    password, *others = passwords
    client = _client(host, password)
    try:
        client.admin.command("ping")
    except PyMongoError as error:
        client.close()
        if others and isinstance(error, OperationFailure) and error.code == AUTHENTICATION_FAILED:
            return _admin(host, others)
        raise
    return client


def _update_or_create(client: Client, kind: str, name: str, document: dict[str, Any]) -> None:
    try:
        client.admin.command(f"update{kind}", name, **document)
    except OperationFailure as error:
        if error.code not in {_ROLE_NOT_FOUND, _USER_NOT_FOUND}:
            raise
        client.admin.command(f"create{kind}", name, **document)


def _credentials(password: str, *roles: str) -> dict[str, Any]:
    return {
        "pwd": password,
        "roles": [{"role": role, "db": "admin"} for role in roles],
        "mechanisms": ["SCRAM-SHA-256"],
        "writeConcern": _DURABLE,
    }


def _client(host: str, admin_password: str | None = None) -> Client:
    return open_client(
        host,
        appname="make_users",
        username="admin" if admin_password else None,
        password=admin_password,
        directConnection=True,
        socketTimeoutMS=10_000,
    )


def _password(path: Path) -> str:
    try:
        password = urlsplit(path.read_text(encoding="ascii")).password
    except OSError as error:
        raise BadConfigurationError(f"cannot read {path}: {error.strerror}: run make_secrets.py first") from None
    if not password:
        raise BadConfigurationError(f"{path} holds no password: delete it and run make_secrets.py")
    return password


def _made(make: Callable[[], None], *, wait_s: float, host: str) -> None:
    """Make the users as soon as MongoDB stays up throughout; UnavailableError after `wait_s` seconds."""
    try:
        with driver_errors():
            until_it_answers(make, wait_s=wait_s)
    except UnavailableError:
        raise UnavailableError(f"MongoDB at {host} does not answer after {wait_s:.0f} s: its log says why") from None
    except NotPermittedError:
        raise NotPermittedError(
            "this database's admin has another password: the database and the secrets do not belong together; "
            "bring back the secrets that it was made with, or remove it and load the data again"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
