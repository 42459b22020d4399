"""What the drills of backups and new secrets need: a machine that serves, and that root works at."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

import httpx
from e2e.deploying import Machine, run

if TYPE_CHECKING:
    from pathlib import Path

USERS: Final = ("admin", "seeder", "trainer", "inference")
CUSTOMERS: Final = range(12_346, 12_366)

# Every document of every collection, by the users that may read them.
_DIGESTS: Final = """
import hashlib, json, pathlib, pymongo
from bson import CodecOptions, raw_bson
digests = {}
for user in ("seeder", "inference"):
    database = pymongo.MongoClient(pathlib.Path(f"/secrets/{user}/mongo_uri").read_text().strip())["retention"]
    raw = database.with_options(CodecOptions(document_class=raw_bson.RawBSONDocument))
    for name in database.list_collection_names(authorizedCollections=True, nameOnly=True):
        number, digest = 0, hashlib.sha256()
        try:
            for number, document in enumerate(raw[name].find(sort=[("_id", 1)], batch_size=1000), start=1):
                digest.update(document.raw)
        except pymongo.errors.OperationFailure:
            continue
        digests[name] = [number, digest.hexdigest()]
print(json.dumps(digests))
"""
_SECRETS: Final = """
import json, pathlib
print(json.dumps({str(file): file.read_text().strip() for file in sorted(pathlib.Path("/secrets").glob("*/[!.]*"))}))
"""
_LOGIN: Final = """
import json, sys, pymongo
codes = []
for uri in json.loads(sys.argv[1]):
    try:
        pymongo.MongoClient(uri).admin.command("ping")
        codes.append(0)
    except pymongo.errors.OperationFailure as error:
        codes.append(error.code)
print(json.dumps(codes))
"""


class Kept(Machine):
    """A machine that nobody deploys to over ssh: root is here."""

    def _forced(self) -> None:
        self.sudoers = self.home / "no-sudoers"

    def script(self, name: str, *arguments: str | Path) -> str:
        """Run one of the scripts to its end."""
        return run(self.home / "bin" / name, *arguments)

    def begun(self, name: str, *arguments: str | Path, **more: str) -> subprocess.Popen[str]:
        """Begin one of the scripts, in a process group of its own."""
        return subprocess.Popen(
            [self.home / "bin" / name, *arguments],
            env={**os.environ, **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def inside(self, script: str, *arguments: str) -> Any:
        """Run Python where every secret can be read, and the database be reached."""
        command = (str(self.home / "bin/compose"), "run", "--rm", "-T", "mongo-users", "-", *arguments)
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def may_write(self) -> str:
        """Give a new key the right to post, and return it."""
        key, line = self.script("make-key", "writer", "write").splitlines()
        with (self.home / "keys/api_keys").open("a", encoding="ascii") as file:
            file.write(f"{line}\n")
        return key

    def answers(self) -> list[Any]:
        """Return what is predicted for some customers."""
        headers = {"X-API-Key": self.key}
        asked = [
            httpx.post(f"{self.url}/predict_churn_by_id", headers=headers, json={"customer_id": customer})
            for customer in CUSTOMERS
        ]
        return [answer.json().get("prediction", answer.status_code) for answer in asked]

    def predicts(self) -> bool:
        """Tell whether somebody is predicted."""
        return any(isinstance(answer, dict) for answer in self.answers())

    def digests(self) -> dict[str, tuple[int, str]]:
        """Return how many documents every collection has, and the hash of them all."""
        return {name: (number, digest) for name, (number, digest) in self.inside(_DIGESTS).items()}

    def secrets(self) -> dict[str, str]:
        """Return what every file of the secrets holds."""
        secrets: dict[str, str] = self.inside(_SECRETS)
        return secrets

    def logins(self, secrets: dict[str, str]) -> set[int]:
        """Return with which codes MongoDB answers the users of these secrets: 0, or 18 for a wrong password."""
        return {*self.inside(_LOGIN, json.dumps([secrets[f"/secrets/{user}/mongo_uri"] for user in USERS]))}

    def archives(self) -> set[Path]:
        """Return every backup that there is, half ones too."""
        return {*(self.home / "backups").glob("*.tar.gz*")}
