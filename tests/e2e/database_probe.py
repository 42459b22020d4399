"""Runs inside a container: try every operation as this service's database user, print the error codes (0: done)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

PROBE = {"_id": "probe"}
NO_DOCUMENT: dict[str, Any] = {"_id": []}  # refused after the privilege was checked: not everybody may remove it again


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
        "drop": {"drop": name},
    }


DATABASE_COMMANDS: dict[str, dict[str, Any]] = {
    "listCollections": {"listCollections": 1},
    "createUser": {"createUser": "intruder", "pwd": "x", "roles": []},
    "createRole": {"createRole": "intruder", "privileges": [], "roles": []},
    "usersInfo": {"usersInfo": 1},
    "$out": {"aggregate": "transactions", "pipeline": [{"$limit": 1}, {"$out": "stolen"}], "cursor": {}},
    "profile": {"profile": 2},
    "dropDatabase": {"dropDatabase": 1},
}
ADMIN_COMMANDS: dict[str, dict[str, Any]] = {
    "users of admin": {"find": "system.users"},
    "own password": {"updateUser": "OWN", "pwd": "x"},
    "own roles": {"grantRolesToUser": "OWN", "roles": ["root"]},
    "serverStatus": {"serverStatus": 1},
    "getLog": {"getLog": "global"},
    "getParameter": {"getParameter": "*"},
    "setParameter": {"setParameter": 1, "quiet": 1},
    "currentOp": {"currentOp": 1},
    "fsync": {"fsync": 1},
    "shutdown": {"shutdown": 1},
}
OTHER_COMMANDS: dict[str, dict[str, Any]] = {
    "find elsewhere": {"find": "transactions"},
    "insert elsewhere": {"insert": "transactions", "documents": [PROBE]},
}


def main() -> None:
    """Print {operation: code} for the collections named on the command line, the database and the server."""
    uri = Path(os.environ["MONGO_URI_FILE"]).read_text(encoding="ascii").strip()
    with MongoClient[dict[str, Any]](uri) as client:
        own = client[os.environ["DB_NAME"]]
        login = uri.removeprefix("mongodb://").partition(":")[0]

        def code(database: Any, command: dict[str, Any]) -> int:
            try:
                database.command({key: login if value == "OWN" else value for key, value in command.items()})
            except OperationFailure as error:
                return error.code or -1
            return 0

        codes = {
            f"{name} {operation}": code(own, command)
            for name in sys.argv[1:]
            for operation, command in collection_commands(name).items()
        }
        codes |= {name: code(own, command) for name, command in DATABASE_COMMANDS.items()}
        codes |= {name: code(client["admin"], command) for name, command in ADMIN_COMMANDS.items()}
        codes |= {name: code(client["other"], command) for name, command in OTHER_COMMANDS.items()}
        databases = sorted(client.list_database_names())
        script = code(own, {"find": "transactions", "filter": {"$where": "true"}})
    print(json.dumps({"codes": codes, "databases": databases, "$where": script}))  # noqa: T201


if __name__ == "__main__":
    main()
