"""A server that asks for passwords, with the users that the containers have."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_mongod import free_port, start_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = Path(__file__).parents[1] / "services" / "mongo"


@contextmanager
def guarded_server(folder: Path, db_name: str = "retention") -> Iterator[dict[str, str]]:
    """Serve from `folder`; give the address for each user, made as those of the containers are."""
    mongod = start_mongod(folder / "data", port=free_port(), auth=True)
    try:
        for script in ("make_secrets.py", "make_users.py"):
            arguments = ["--directory", str(folder / "secrets"), "--host", mongod.host]
            environ = os.environ | {"DB_NAME": db_name}
            subprocess.run([sys.executable, TOOLS / script, *arguments], env=environ, check=True, capture_output=True)
        yield {
            file.parent.name: file.read_text(encoding="ascii").strip() for file in folder.glob("secrets/*/mongo_uri")
        }
    finally:
        mongod.process.terminate()
        mongod.process.wait()
