"""Runs inside a container: try every operation as this service's database user, print the error codes (0: done)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBE = {"_id": "probe"}
# Refused after the privilege was checked: not everybody may remove it again, and the admin stays who it is.
NO_DOCUMENT: dict[str, Any] = {"_id": []}
NO_ROLES = ["no such one"]


def collection_commands(name: str) -> dict[str, dict[str, Any]]:
    """Return an operation per privilege, harmless where it is allowed, in an order that leaves nothing behind."""
    return {
        "find": {"find": name, "limit": 1},
        "insert": {"insert": name, "documents": [NO_DOCUMENT]},
        "update": {"update": name, "updates": [{"q": PROBE, "u": {"$set": {"touched": True}}}]},
        "remove": {"delete": name, "deletes": [{"q": PROBE, "limit": 1}]},
        "createIndex": {"createIndexes": name, "indexes": [{"key": {"_id": 1}, "name": "_id_"}]},
        "createCollection": {"create": name},
        "dropIndex": {"dropIndexes": name, "index": "no_such_index"},
        "collMod": {"collMod": name},
        "listIndexes": {"listIndexes": name},
        "collStats": {"collStats": name},
        "validate": {"validate": name},
        "$out": _into({"$out": name}),
        "$merge": _into({"$merge": name}),
        "drop": {"drop": name},
    }


def _into(stage: dict[str, Any]) -> dict[str, Any]:
    """Return what is refused for its first stage, once the privileges for all of them were checked."""
    return {"aggregate": "transactions", "pipeline": [{"$match": {"$nonsense": 1}}, stage], "cursor": {}}


def renames(database: str) -> dict[str, dict[str, Any]]:
    """Return ways to give a collection another name; each is a command to the database admin."""
    pairs = (
        ("scores_next", "scores"), ("scores", "scores_next"), ("transactions", "strange"), ("scores", "strange"),
        ("customers", "scores"), ("scores_next", "customers"),
    )  # fmt: skip
    return {
        f"{old} to {new}": {"renameCollection": f"{database}.{old}", "to": f"{database}.{new}", "dropTarget": True}
        for old, new in pairs
    }


DATABASE_COMMANDS: dict[str, dict[str, Any]] = {
    "listCollections": {"listCollections": 1},
    "createUser": {"createUser": "intruder", "pwd": "x", "roles": NO_ROLES},
    "createRole": {"createRole": "intruder", "privileges": [], "roles": NO_ROLES},
    "usersInfo": {"usersInfo": 1},
    "dbStats": {"dbStats": 1},
    "system.js": {"insert": "system.js", "documents": [{"_id": "f", "value": "x"}]},
    "system.profile": {"find": "system.profile"},
    "profile": {"profile": 2},
    "dropDatabase": {"dropDatabase": 1},
}
ADMIN_COMMANDS: dict[str, dict[str, Any]] = {
    "users of admin": {"find": "system.users"},
    "own password": {"updateUser": "OWN", "pwd": "x", "mechanisms": NO_ROLES},
    "own roles": {"grantRolesToUser": "OWN", "roles": NO_ROLES},
    "serverStatus": {"serverStatus": 1},
    "getLog": {"getLog": "global"},
    "getParameter": {"getParameter": "*"},
    "setParameter": {"setParameter": 1, "quiet": 1},
    "currentOp": {"currentOp": 1},
    "fsync": {"fsync": 1},
    "fsyncUnlock": {"fsyncUnlock": 1},
    "killOp": {"killOp": 1, "op": 1},
    "killSessions": {"killAllSessions": []},
    "shutdown": {"shutdown": 1},
}
OTHER_COMMANDS: dict[str, dict[str, Any]] = {
    "find elsewhere": {"find": "transactions"},
    "insert elsewhere": {"insert": "transactions", "documents": [PROBE]},
    "drop elsewhere": {"dropDatabase": 1},
    "copy elsewhere": {
        "aggregate": "transactions",
        "pipeline": [{"$out": {"db": "retention", "coll": "strange"}}],
        "cursor": {},
    },
}


_FUNCTION = {"$function": {"body": "function() { return true }", "args": [], "lang": "js"}}
SCRIPTS: dict[str, dict[str, Any]] = {
    "$where": {"find": "transactions", "filter": {"$where": "true"}},
    "$function": {"find": "transactions", "filter": {"$expr": _FUNCTION}},
    "mapReduce": {"mapReduce": "transactions", "map": "emit", "reduce": "emit", "out": {"inline": 1}},
}


def main() -> None:
    """Print {operation: code} for the collections named on the command line, the database and the server."""
    uri = Path(os.environ["MONGO_URI_FILE"]).read_text(encoding="ascii").strip()
    print(json.dumps(probe(uri, os.environ["DB_NAME"], sys.argv[1:])))  # noqa: T201


def probe(uri: str, database: str, collections: Sequence[str]) -> dict[str, Any]:
    """Return {codes: {operation: code}, databases: those that the user sees, scripts: {way: code}}."""
    login, at, _ = uri.removeprefix("mongodb://").partition("@")
    name = login.partition(":")[0] if at else "nobody"
    with MongoClient[dict[str, Any]](uri) as client:
        own = client[database]

        def code(where: Any, command: dict[str, Any]) -> int:
            try:
                where.command({key: name if value == "OWN" else value for key, value in command.items()})
            except OperationFailure as error:
                return error.code or -1
            return 0

        codes = {
            f"{collection} {operation}": code(own, command)
            for collection in collections
            for operation, command in collection_commands(collection).items()
        }
        codes |= {each: code(client["admin"], command) for each, command in renames(database).items()}
        codes |= {each: code(own, command) for each, command in DATABASE_COMMANDS.items()}
        codes |= {each: code(client["admin"], command) for each, command in ADMIN_COMMANDS.items()}
        codes |= {each: code(client["other"], command) for each, command in OTHER_COMMANDS.items()}
        listed = client["admin"].command("listDatabases", nameOnly=True, authorizedDatabases=True) if at else {}
        scripts = {each: code(own, command) for each, command in SCRIPTS.items()}
    seen = sorted(each["name"] for each in listed.get("databases", ()))
    return {"codes": codes, "databases": seen, "scripts": scripts}


if __name__ == "__main__":
    main()
