"""The seeder with other constants than the product has: `seeder_with.py NAME=NUMBER … -- ARGUMENTS`.

They are no settings of the product: a drill takes a guard away to see that it would be missed.
"""

from __future__ import annotations

import sys

import pymongo

from retention.store import connection, disk
from seeder import store
from seeder.__main__ import main

HOLDERS = (connection, disk, store)


def change(assignment: str) -> None:
    """Change one constant; `JOURNALED=0` acknowledges writes that are in memory only."""
    name, _, value = assignment.partition("=")
    (holder,) = (module for module in HOLDERS if hasattr(module, name))  # a renamed constant must not be set in vain
    setattr(holder, name, pymongo.WriteConcern(w=1) if name == "JOURNALED" else int(value))


if __name__ == "__main__":
    split = sys.argv.index("--")
    for each in sys.argv[1:split]:
        change(each)
    sys.exit(main(sys.argv[split + 1 :]))
