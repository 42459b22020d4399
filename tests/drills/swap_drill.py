"""The champion moved again and again under 200 requests a second, to sound versions and to bad ones among them.

Every version answers with probabilities of its own, so whose arithmetic an answer is can be told from the answer.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import httpx
import pymongo
from api_process import running, within
from bundles import KEY, small_bundle
from drills.bad_bundles import KINDS
from drills.keep_alive import KeepAlive, Request
from drills.publishing import AT, version_of
from prometheus_client.parser import text_string_to_metric_families
from serving import CLOCK, NOW

from embedded_mongod import embedded_mongod
from retention.errors import BundleRefusedError
from retention.features import pipelines
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.versions import Registry
from retention.store import schema
from retention.store.derivation_steps import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api_process import Running

RATE_PER_S: Final = 200
SEEN_S: Final = 10.0  # the pointer is looked at every second
EXACT: Final = 1e-9
_TRUSTING: Final = Path(__file__).with_name("trusting_inference.py")
CUSTOMERS: Final = range(12_347, 12_379)
_BY_THE_POLL: Final = 4  # every fourth move is left to be found; the others are told of, so that none takes a second


@dataclass
class Tally:
    """What came of the moves and of the requests under way meanwhile."""

    swaps: int = 0
    bad: Counter[str] = field(default_factory=Counter)  # by kind
    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    mixed: int = 0  # answers that are not the arithmetic of the version that they name
    of_bad: int = 0  # answers that name a bad version
    versions: set[str] = field(default_factory=set)  # that answered
    slowest_s: float = 0.0
    late_s: float = 0.0  # of our own client, at most
    uncounted: list[str] = field(default_factory=list)  # bad ones that churn_model_loads_total does not tell of

    @property
    def faults(self) -> list[str]:
        """Return what must not have happened."""
        wrong = {
            f"{self.failed.total()} requests failed: {dict(self.failed)}": bool(self.failed),
            f"{self.mixed} answers of more than one version": bool(self.mixed),
            f"{self.of_bad} answers of a bad version": bool(self.of_bad),
            f"not counted: {self.uncounted}": bool(self.uncounted),
            "nothing was asked": not self.requests,
        }
        return [words for words, is_so in wrong.items() if is_so]

    def __str__(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.swaps} swaps and {self.bad.total()} bad bundles of {len(self.bad)} kinds under {self.requests:,} "
            f"requests: {self.failed.total()} failed, {self.mixed} mixed, {self.of_bad} of a bad version, "
            f"{len(self.uncounted)} bad ones uncounted; {len(self.versions)} versions answered, "
            f"slowest {self.slowest_s * 1000:.0f} ms (our client late by {self.late_s * 1000:.0f} ms at most)"
        )


def fill(uri: str, db_name: str) -> None:
    """Store customers of several orders, no two alike, as the seeder would."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        db = client[db_name]
        db[schema.CUSTOMERS].insert_many([_stored(customer_id) for customer_id in CUSTOMERS])
        db[schema.CLOCK].insert_one({"_id": schema.CLOCK_ID, "as_of": CLOCK})
        db[schema.LOADS].insert_one({"_id": "load", "status": "finished", "finished_at": NOW})


def drill(
    api: Running,
    registry: Registry,
    *,
    swaps: int,
    bad: int,
    seed: int,
    rate_per_s: int = RATE_PER_S,
    say: Callable[[str], object] = lambda _: None,
) -> Tally:
    """Move the champion of a running API so many times."""
    tally, random = Tally(), Random(seed)  # noqa: S311 - which byte to spoil
    moves = ["sound"] * swaps + ["bad"] * bad
    random.shuffle(moves)
    sound: dict[str, Bundle] = {version: _read(registry, version) for version in registry.versions()}
    with _asked(api.port, sound, tally, rate_per_s):
        for number, move in enumerate(moves, 1):
            version = version_of(number)
            by_poll = number % _BY_THE_POLL == 0
            if move == "sound":
                _publish(registry, version, number)
                sound[version] = _read(registry, version)
                _promote(api, registry, version, by_poll=by_poll)
                within(SEEN_S, lambda version=version: _health(api)["model_version"] == version)  # type: ignore[misc]
                tally.swaps += 1
            else:
                _try_a_bad_one(api, registry, number, random, tally, by_poll=by_poll)
            if number % 20 == 0:
                _delete_but_three(registry, version)
                say(f"{number} of {len(moves)} moves, {tally.requests:,} requests, {len(tally.faults)} faults")
    return tally


@contextmanager
def swapping(folder: Path, *, trusting: bool = False) -> Iterator[tuple[Running, Registry]]:
    """Serve a first version over a database of its own; `trusting` verifies nothing, and must be found out."""
    registry, key_file = Registry(folder / "models"), folder / "key"
    key_file.write_bytes(KEY + b"\n")
    _publish(registry, version_of(0), 0)
    registry.promote(version_of(0), at=AT, reason="the first")
    environ = os.environ | {"MODELS_DIR": str(folder / "models"), "MODEL_SIGNING_KEY_FILE": str(key_file)}
    with embedded_mongod(folder / "mongo") as mongod:
        fill(mongod.uri, "retention")
        program = [str(_TRUSTING)] if trusting else ["-m", "inference"]
        with running(environ, mongod.uri, folder / "api.log", program=program) as api:
            within(20, lambda: api.http.get("/readyz").is_success)
            yield api, registry


def _publish(registry: Registry, version: str, number: int) -> None:
    small_bundle(registry.folder(version), base_log_odds=-1 + number / 500)


def _read(registry: Registry, version: str) -> Bundle:
    return read_bundle(registry.folder(version), KEY)


def _promote(api: Running, registry: Registry, version: str, *, by_poll: bool) -> None:
    registry.promote(version, at=AT, reason="a drill")
    if not by_poll:
        answer = api.http.post("/model/reload")
        assert answer.status_code in {200, 409}, answer.text  # 409: it is refused


def _try_a_bad_one(
    api: Running, registry: Registry, number: int, random: Random, tally: Tally, *, by_poll: bool
) -> None:
    version, kind = version_of(number), KINDS[tally.bad.total() % len(KINDS)]
    _publish(registry, version, number)
    kind(registry.folder(version), random)
    try:
        _read(registry, version)
    except BundleRefusedError:
        tally.bad[kind.__name__] += 1
    else:
        raise AssertionError(f"{kind.__name__} made a bundle that is sound")
    before = _refused(api)
    _promote(api, registry, version, by_poll=by_poll)
    # Who trusts it answers with it; who refuses it says why.
    within(SEEN_S, lambda: version in (_health(api)["stale_reason"] or "") or _health(api)["model_version"] == version)
    if _refused(api) <= before:
        tally.uncounted.append(kind.__name__)


def _health(api: Running) -> dict[str, Any]:
    try:
        found: dict[str, Any] = api.http.get("/health").json()
    except httpx.TransportError as error:
        raise AssertionError("the API does not answer") from error
    return found


def _refused(api: Running) -> float:
    """Return how many champions the API says that it did not let in."""
    families = text_string_to_metric_families(api.http.get("/metrics").text)
    loads = next(family for family in families if family.name == "churn_model_loads")
    return sum(sample.value for sample in loads.samples if sample.labels["result"] != "loaded")


def _delete_but_three(registry: Registry, version: str) -> None:
    """Keep the folder small; by hand, since `prune` wants a sound champion before this one."""
    for old in registry.versions()[:-3]:
        if old not in {version, registry.champion()}:
            shutil.rmtree(registry.folder(old))


@contextmanager
def _asked(port: int, sound: dict[str, Bundle], tally: Tally, rate_per_s: int) -> Iterator[None]:
    """Ask at an even rate, whatever the answers take, from a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_ask(port, sound, tally, rate_per_s, stop)), name="asking")
    thread.start()
    try:
        within(SEEN_S, lambda: tally.requests > 0)
        yield
    finally:
        stop.set()
        thread.join()


async def _ask(port: int, sound: dict[str, Bundle], tally: Tally, rate_per_s: int, stop: threading.Event) -> None:
    client, started, under_way = KeepAlive(port), time.perf_counter(), set()
    number = 0
    while not stop.is_set():
        due = started + number / rate_per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tally.late_s = max(tally.late_s, time.perf_counter() - due)
        task = asyncio.create_task(_one(client, CUSTOMERS[number % len(CUSTOMERS)], sound, tally))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        number += 1
    await asyncio.gather(*under_way)
    await client.close()


async def _one(client: KeepAlive, customer_id: int, sound: dict[str, Bundle], tally: Tally) -> None:
    body = json.dumps({"customer_id": customer_id}).encode()
    try:
        answer = await client.ask(Request("by id", "POST", "/predict_churn_by_id", body))
    except (OSError, asyncio.IncompleteReadError) as error:
        tally.failed[type(error).__name__] += 1
        return
    tally.requests += 1
    tally.slowest_s = max(tally.slowest_s, answer.seconds)
    if answer.status != 200:
        tally.failed[str(json.loads(answer.body)["code"])] += 1
        return
    said = json.loads(answer.body)
    version = said["meta"]["model_version"]
    tally.versions.add(version)
    if version not in sound:
        tally.of_bad += 1
    elif not _is_its_own(said, sound[version], customer_id):
        tally.mixed += 1


def _is_its_own(said: dict[str, Any], bundle: Bundle, customer_id: int) -> bool:
    """Tell whether probability and reasons are this version's arithmetic for this customer."""
    expected = bundle.churn.log_odds(_features(customer_id))
    probability, explained = said["prediction"]["churn_probability"], said["explanation"]
    total = explained["base_log_odds"] + sum(each["contribution"] for each in explained["contributions"])
    both = (math.log(probability / (1 - probability)), total)
    return all(abs(log_odds - expected) <= EXACT for log_odds in both)


def _features(customer_id: int) -> dict[str, Any]:
    orders = 2 + customer_id - CUSTOMERS[0]
    return {
        **dict.fromkeys(pipelines.FEATURES, 3),
        "month": CLOCK.month, "Frequency": orders, "Monetary": 10.0 * orders, "AvgOrderValue": 10.0,
    }  # fmt: skip


def _stored(customer_id: int) -> dict[str, Any]:
    return {
        "_id": customer_id,
        "as_of": CLOCK,
        "definition": DEFINITIONS[schema.CUSTOMERS],
        **_features(customer_id),
    }
