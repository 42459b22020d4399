"""The volumes of a release before: this tree is pushed to them while visitors ask and post, and rolled back.

The scripts on the machine are those of that release: a deploy does not update them. RETENTION_DRILL=full takes two.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from e2e.deploying import ROOT, Origin, Visitors, free_port, run
from e2e.keeping import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

BEFORE: Final = "aa1afe02e8cb3907f3bae41c7763566a5de7b547"
# Its files of mongo and the edge differ from this tree's in comments: both are replaced, and away for seconds.
ALSO_BEFORE: Final = "432c37c9b9acd3b933e9051a5338316c12153522"
RELEASES: Final = (BEFORE, ALSO_BEFORE) if os.environ.get("RETENTION_DRILL") == "full" else (BEFORE,)
POSTED: Final = 910_000_000  # customers from this number on are ours
# What may change in a customer when the definition does, and what says how it was made.
MAY_DIFFER: Final = {"definition", "revision", "net_monetary", "returns_share", "matched_returned", "unmatched_returns"}

# The lines that no visitor posts, by their eight fields; customers; the shop.
_STORED: Final = """
import hashlib, json, pathlib, sys, pymongo
database = pymongo.MongoClient(pathlib.Path("/secrets/seeder/mongo_uri").read_text().strip())["retention"]
fields = "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country".split()
lines, number, digest = database.transactions, 0, hashlib.sha256()
for line in lines.find(
    {"StockCode": {"$ne": "VISIT"}}, dict.fromkeys(fields, 1), sort=[("_id", 1)], batch_size=1000
):
    number += 1
    digest.update(repr(sorted(line.items())).encode())
try:
    shop = database.shop.find_one()
except pymongo.errors.OperationFailure:
    shop = None
cancelled = {"InvoiceNo": {"$regex": "^C[0-9]+$"}, "StockCode": {"$ne": "VISIT"}}
print(json.dumps({
    "lines": [number, digest.hexdigest()],
    "cancelled": lines.count_documents(cancelled),
    "marked": lines.count_documents({**cancelled, "Cancelled": True}),
    "customers": list(database.customers.find({"_id": {"$lt": 910000000}}, sort=[("_id", 1)], batch_size=100)),
    "shop": shop,
}, default=str))
"""


class Before(Kept):
    """A machine that an older release was bootstrapped on."""

    def __init__(self, folder: Path, origin: Origin, port: int, release: str) -> None:
        super().__init__(folder, origin, port)
        for script in (self.home / "bin").iterdir():
            script.write_text(run("git", "show", f"{release}:deploy/{script.name}"), encoding="utf-8")


@dataclass
class Shoppers(Visitors):
    """Visitors, of whom two a second post a line of a new customer, every other one of a cancelled invoice.

    Told to send it again (503), they do for 60 s, as the answer says. That happens on the way back: the users of the
    older release, which are made before it serves, may not write what this one does.
    """

    posted: list[int] = field(default_factory=list)
    sent_again: int = 0

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        if number % 25:
            await super()._ask(client, number)
            return
        begun = time.monotonic()
        answer = await self._post(client, POSTED + number)
        while answer == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() < begun + 60:
            self.sent_again += 1
            await asyncio.sleep(1)
            answer = await self._post(client, POSTED + number)
        if answer == httpx.codes.OK:
            self.posted.append(POSTED + number)
        else:
            self._failed(begun, f"post: {answer}")

    async def _post(self, client: httpx.AsyncClient, customer: int) -> int | str:
        try:
            lines = [line(customer, cancelled=bool(customer % 2))]
            return (await client.post("/transactions", json=lines)).status_code
        except httpx.TransportError as error:
            return repr(error)


@dataclass
class Seen:
    """What a release shows of its data: the stored, and its answers about some customers."""

    stored: dict[str, Any]
    answers: list[Any]
    secrets: dict[str, str]


@dataclass
class Story:
    """What was seen before the push, after it and after the way back, and what visitors noticed meanwhile."""

    release: str
    before: Seen
    after: Seen
    back: Seen
    pushing: Shoppers
    returning: Shoppers
    served: list[str]
    wanted: str
    posted_kept: int


def line(customer: int, *, cancelled: bool) -> dict[str, Any]:
    """Return a line as the older API takes it, that leaves the clock where it is."""
    letter, quantity = ("C", -1) if cancelled else ("", 2)
    bought = {"InvoiceNo": f"{letter}{customer}", "StockCode": "VISIT", "Quantity": quantity, "UnitPrice": 1.5}
    return {**bought, "InvoiceDate": "2011-11-01", "CustomerID": customer}


def _seen(machine: Before) -> Seen:
    return Seen(machine.inside(_STORED), machine.answers(), machine.secrets())


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release[:7])
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    release: str = request.param
    if subprocess.run(["git", "cat-file", "-e", f"{release}^{{commit}}"], cwd=ROOT, check=False).returncode:
        pytest.skip(f"{release[:7]} is not in this checkout")
    os.environ.setdefault("VM_SSH_CONFIG", "none: root is here")
    with TemporaryDirectory(prefix="retention-upgrade-") as folder:
        origin = Origin(Path(folder))
        machine = Before(Path(folder), origin, free_port(), release)
        try:
            yield _told(machine, origin.first, release)
        finally:
            machine.gone()


def _told(machine: Before, wanted: str, release: str) -> Story:
    machine.script("deploy.sh", release)
    key, served = machine.may_write(), [machine.serves()]
    time.sleep(1.5)  # keys are read anew within a second
    before = _seen(machine)
    with Shoppers(machine.url, key) as pushing:
        print(machine.script("deploy.sh", wanted))  # noqa: T201
    served.append(machine.serves())
    after = _seen(machine)
    with Shoppers(machine.url, key) as returning:
        print(machine.script("rollback.sh"))  # noqa: T201
    served.append(machine.serves())
    for visitors in (pushing, returning):
        said = f"{visitors.sent} requests, {len(visitors.failures)} failed; {len(visitors.posted)} posts"
        print(f"{said}, {visitors.sent_again} sent again")  # noqa: T201
    kept = machine.inside(_POSTED)
    return Story(release, before, after, _seen(machine), pushing, returning, served, wanted, kept)


_POSTED: Final = """
import json, pathlib, pymongo
database = pymongo.MongoClient(pathlib.Path("/secrets/seeder/mongo_uri").read_text().strip())["retention"]
print(json.dumps(database.transactions.count_documents({"StockCode": "VISIT"})))
"""


def test_it_serves_and_the_release_before_serves_again(story: Story) -> None:
    assert story.served == [story.release, story.wanted, story.release]


@pytest.mark.parametrize("way", ["pushing", "returning"])
def test_visitors_notice_nothing(story: Story, way: str) -> None:
    visitors: Shoppers = getattr(story, way)
    assert visitors.posted
    if story.release == BEFORE:
        assert not visitors.failures, "\n".join(visitors.failures[:20])
        assert way == "returning" or not visitors.sent_again
    else:
        assert visitors.gap_s <= 15


def test_no_line_is_lost_or_changed(story: Story) -> None:
    assert story.before.stored["lines"][0] > 30_000
    assert story.before.stored["lines"] == story.after.stored["lines"] == story.back.stored["lines"]
    assert story.posted_kept >= len({*story.pushing.posted, *story.returning.posted})


def test_lines_of_cancelled_invoices_are_marked_and_the_shop_is_what_it_was_taken_for(story: Story) -> None:
    assert story.before.stored["cancelled"] > 100
    # What the older release stores until it is stopped is marked by the next deploy or load.
    assert story.after.stored["marked"] == story.after.stored["cancelled"] == story.before.stored["cancelled"]
    shop = story.after.stored["shop"]
    assert (shop["time_zone"], shop["currency"], shop["cancelled_prefix"]) == ("UTC", "GBP", "C")


def test_secrets_stay_and_the_identity_key_is_made_once(story: Story) -> None:
    made = {"/secrets/seeder/identity_key", "/secrets/inference/identity_key"}
    assert {*story.after.secrets} - {*story.before.secrets} == made
    assert story.before.secrets.items() <= story.after.secrets.items()
    assert len({story.after.secrets[file] for file in made}) == 1
    assert story.back.secrets == story.after.secrets


def test_customers_are_who_they_were(story: Story) -> None:
    """Answers of the same model, and every feature whose definition is as it was."""
    assert story.before.answers == story.after.answers == story.back.answers
    assert any(isinstance(answer, dict) for answer in story.before.answers)
    before, after = (
        {customer["_id"]: customer for customer in seen.stored["customers"]} for seen in (story.before, story.after)
    )
    assert before.keys() == after.keys()
    differ = {
        (customer, name)
        for customer, features in before.items()
        for name in features.keys() - MAY_DIFFER
        if features[name] != after[customer].get(name)
    }
    assert not differ
