"""Make MongoDB's users what this file says: one per service, each with a role that allows its work and nothing else.

Run at every start, on MongoDB's own localhost: where there is no user yet, a connection from there may create the
first one. Every step is whole or not done, and is done again by the next run: it can be killed at any point, and so
can the server. The passwords are those that make_secrets.py wrote; where it has renewed them, the admin comes in by
the password before, and all get their new one.
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
_APPEND: Final = ("find", "insert", "remove")  # removed only by --drop; what came in is never changed
_ADD: Final = ("find", "insert")
_DERIVE: Final = ("find", "insert", "update")  # $merge, and records; who may not remove cannot lose anything
_WRITE: Final = ("find", "insert", "update", "remove")
_MAKE: Final = ("find", "insert", "createIndex", "dropCollection")  # and give it the name of another
_REPLACE: Final = (*_MAKE, "update", "remove")  # for one: to be replaced; and $merge, and delete
_ANALYSED: Final = (schema.TRANSACTIONS, schema.ORDERS, schema.CUSTOMERS, schema.LOADS, schema.CLOCK)

GRANTS: Final[dict[str, Grants]] = {
    "seeder": {
        "": ("dbStats",),  # of the database: how much disk space is free
        schema.TRANSACTIONS: (*_APPEND, "createIndex"),
        schema.QUARANTINE: (*_APPEND, "createIndex"),
        schema.ORDERS: (*_WRITE, "createIndex"),
        schema.CUSTOMERS: _WRITE,
        schema.LOADS: (*_WRITE, "createIndex"),
        schema.CLOCK: _WRITE,
    },
    "trainer": {**dict.fromkeys(_ANALYSED, _READ), schema.SCORES: _REPLACE, schema.NEXT_SCORES: _MAKE},
    "inference": {
        schema.TRANSACTIONS: _ADD,
        schema.QUARANTINE: ("insert",),  # what cannot be understood is put there, and never read by the API
        schema.ORDERS: _DERIVE,
        schema.CUSTOMERS: _DERIVE,
        schema.LOADS: _DERIVE,
        schema.CLOCK: _DERIVE,
        schema.SCORES: _REPLACE,  # whoever moves the champion scores everybody
        schema.NEXT_SCORES: _MAKE,
    },
}

_MANAGE_USERS: Final = "userAdminAnyDatabase"
_HOLD_WRITES: Final = "hold_writes"  # the admin's besides: to stop everybody's writes while a copy is made
_USER_NOT_FOUND: Final = 11
_ROLE_NOT_FOUND: Final = 31
_DURABLE: Final = {"w": "majority", "j": True}  # a user that was made is still there after a kill of the server

logger = logging.getLogger("make_users")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, required=True, metavar="DIR", help="what make_secrets.py filled")
    parser.add_argument("--host", required=True, metavar="HOST:PORT", help="MongoDB, on this machine's loopback")
    options = parser.parse_args()
    configure_logs(os.environ.get("LOG_LEVEL", "info"))
    try:
        reader = SettingsReader(os.environ)
        db_name = reader.text("DB_NAME", "retention")
        wait_s = reader.integer("MONGO_WAIT_S", 60, minimum=0, maximum=3600)
        reader.finish()
        passwords = {user: _password(options.directory / user / "mongo_uri") for user in ("admin", *GRANTS)}
        before = options.directory / "admin" / "mongo_uri.before"
        admins = [passwords["admin"], *([_password(before)] if before.exists() else [])]
        _made(lambda: make_users(options.host, db_name, passwords, admins), wait_s=wait_s, host=options.host)
    except RetentionError as error:
        logger.error("%s", error)  # noqa: TRY400 - the message says it all
        return error.exit_code
    logger.info("the users are %s", ", ".join(passwords))
    return 0


def make_users(host: str, db_name: str, passwords: Mapping[str, str], admins: Sequence[str]) -> None:
    """Make the admin if there is no user yet, and every role and user as in GRANTS; `admins` may be its password."""
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
        # Last: whoever is cut short before it can come in again as now.
        _update_or_create(client, "User", "admin", _credentials(passwords["admin"], _MANAGE_USERS, _HOLD_WRITES))


def _make_role(client: Client, name: str, privileges: Privileges) -> None:
    _update_or_create(client, "Role", name, {"privileges": privileges, "roles": [], "writeConcern": _DURABLE})


def _make_first_user(host: str, password: str) -> None:
    """Create the admin, who may manage users; leave it to the existing one where there is any."""
    with _client(host) as client:
        try:
            client.admin.command("createUser", "admin", **_credentials(password, _MANAGE_USERS))
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise


def _admin(host: str, passwords: Sequence[str]) -> Client:
    """Return a client that came in by the first of these passwords that the database takes."""
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
    """Make the users as soon as MongoDB stays up for all of it; UnavailableError after `wait_s` seconds."""
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
