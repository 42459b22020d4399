"""The API as a process over a seeded, scored shop on a real mongod: what the trials of serving stand on."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
import psutil
from api_process import Running, within
from bundles import KEY, VERSION, small_bundle
from drills.server import Server, serving

from embedded_mongod import free_port
from inference.http.keys import make_key
from retention.registry.versions import Registry
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DB_NAME = "retention"
_CHANGED = str(Path(__file__).with_name("inference_with.py"))
# Nobody is to be turned away for asking too often: what is tried here is everything else.
_UNLIMITED = {"RATE_LIMIT": "1000000/second", "CONNECTIONS_PER_ADDRESS": "10000"}


class Shop(NamedTuple):
    """A database with customers and their scores, and the models volume that the scores are of."""

    server: Server
    folder: Path
    customer_ids: list[int]

    @property
    def mongo_port(self) -> int:
        """Where the database listens."""
        return int(self.server.uri.rstrip("/").rpartition(":")[2])

    @property
    def environ(self) -> dict[str, str]:
        """What the services are told."""
        return {
            "MONGO_URI": self.server.uri,
            "DB_NAME": DB_NAME,
            "MODELS_DIR": str(self.folder / "models"),
            "MODEL_SIGNING_KEY_FILE": str(self.folder / "key"),
            "GIT_REVISION": "abc1234",
            "ALLOWED_HOSTS": "127.0.0.1",
        }

    @contextmanager
    def api(
        self,
        *,
        mongo_port: int | None = None,
        without: Sequence[str] = (),
        keyed: bool = False,
        ready: str = "/readyz",
        **variables: str,
    ) -> Iterator[Running]:
        """Serve it, the database behind another port if need be, `without` a guard of inference_with.py.

        A `keyed` one asks for the key that the client of `Running` has. It is there when `ready` is a 200.
        """
        port = free_port()
        program = [_CHANGED, *without] if without else ["-m", "inference"]
        there = {"MONGO_URI": f"mongodb://127.0.0.1:{mongo_port}/"} if mongo_port else {}
        key = self._key(variables) if keyed else {}
        environ = os.environ | _UNLIMITED | self.environ | there | {"PORT": str(port)} | variables
        log = self.folder / f"api-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, *program], env=environ, stderr=output)
        running = Running(process, port, log)
        running.http.headers.update(key)
        try:
            within(20, lambda: _is_there(running, ready))
            yield running
        finally:
            running.http.close()
            process.terminate()
            process.wait(10)

    def _key(self, variables: dict[str, str]) -> dict[str, str]:
        key, line = make_key("drill", "read,write,admin")
        file = self.folder / "keys"
        file.write_text(line + "\n")
        variables["API_KEYS_FILE"] = str(file)
        return {"X-API-Key": key}


@contextmanager
def seeded_shop(folder: Path, *, rows: int = 20_000, trained: bool = False) -> Iterator[Shop]:
    """Invent, load and score a shop; a `trained` one has models of its own (10 s), another those of small_bundle."""
    with serving(folder / "mongo") as server:
        shop = Shop(server, folder, [])
        (folder / "key").write_bytes(KEY + b"\n")
        _run(shop, "seeder", "synthetic", "--rows", str(rows))
        if trained:
            _run(shop, "trainer", "train")
        else:
            registry = Registry(folder / "models")
            small_bundle(registry.folder(VERSION))
            _run(shop, "trainer", "promote", VERSION)
        shop.customer_ids.extend(server.client[DB_NAME][schema.CUSTOMERS].distinct("_id"))
        yield shop


def fds(api: Running) -> int:
    """Return how many files and sockets the process has open."""
    return int(psutil.Process(api.process.pid).num_fds())


def _run(shop: Shop, service: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", service, *arguments], env=os.environ | shop.environ, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _is_there(api: Running, path: str) -> bool:
    assert api.process.poll() is None, api.log.read_text()
    try:
        return api.http.get(path).is_success
    except httpx.TransportError:
        return False
