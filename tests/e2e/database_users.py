"""What each user of the database may do, written out: a change of services/mongo/make_users.py shows up against it."""

from __future__ import annotations

from typing import Final

# Whoever may insert makes a collection by it; $out takes insert and remove, $merge insert and update.
_READ: Final = "find"
_APPEND: Final = "find insert remove createCollection $out"
_ADD: Final = "find insert createCollection"
_DERIVE: Final = "find insert update createCollection $merge"
_WRITE: Final = "find insert update remove createCollection $out $merge"
_MAKE: Final = "find insert createIndex createCollection drop"  # everybody's scores, that take the place of the others
_REPLACE: Final = f"{_WRITE} createIndex drop"

ALLOWED: Final = {
    "seeder": {
        "transactions": f"{_WRITE} createIndex",
        "quarantine": f"{_APPEND} createIndex",
        "orders": f"{_WRITE} createIndex",
        "customers": _WRITE,
        "loads": f"{_WRITE} createIndex",
        "clock": _WRITE,
        "shop": _WRITE,
        "references": _APPEND,
        "superseded": _WRITE,
        "intents": _WRITE,
        "sequences": f"{_APPEND} createIndex",
        "gone": f"{_WRITE} createIndex",
        "scores": "find remove",
    },
    "trainer": {
        "transactions": _READ,
        "orders": _READ,
        "customers": _READ,
        "loads": _READ,
        "clock": _READ,
        "shop": _READ,
        "scores": _REPLACE,
        "scores_next": _MAKE,
    },
    "inference": {
        "transactions": f"{_WRITE} createIndex",
        "quarantine": "insert createCollection",
        "orders": _WRITE,
        "customers": _WRITE,
        "loads": _DERIVE,
        "clock": _DERIVE,
        "scores": _REPLACE,
        "scores_next": _MAKE,
        "shop": _DERIVE,
        "references": _ADD,
        "superseded": _DERIVE,
        "intents": _WRITE,
        "sequences": _ADD,
        "gone": _DERIVE,
    },
    "admin": {},  # reads no line of anybody's, unless it gives itself a role
}
# And beyond collections: how much room is left, whether what was made takes the name of what is replaced; who may do
# what, and everybody's writes held for a backup.
MORE: Final = {
    "admin": {
        "createUser", "createRole", "usersInfo", "users of admin", "own password", "own roles", "fsync", "fsyncUnlock",
    },
    "seeder": {"dbStats"},
    "trainer": {"scores_next to scores", "scores to scores_next"},
    "inference": {"scores_next to scores", "scores to scores_next"},
}  # fmt: skip
DATABASES: Final = {user: ["retention"] for user in ALLOWED} | {"admin": ["admin", "config", "local", "retention"]}
COLLECTIONS: Final = (
    "transactions", "orders", "customers", "loads", "quarantine", "clock", "scores", "scores_next", "shop",
    "references", "superseded", "intents", "sequences", "gone", "strange",
)  # fmt: skip


def allowed(user: str) -> set[str]:
    """Return everything that a user may do, as database_probe.py names it."""
    return MORE[user] | {
        f"{collection} {operation}"
        for collection, operations in ALLOWED[user].items()
        for operation in operations.split()
    }
