"""Loads a story's files with the real seeder, and compares what is stored with the truth after each."""

from __future__ import annotations

import contextlib
import io
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from exports.known_orders import seeded
from exports.platforms import PLATFORMS
from exports.stories import STORIES
from exports.truth import Figures, true_figures

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from exports.known_orders import KnownOrder
    from exports.platforms import Whole
    from exports.stories import Step
    from pymongo.database import Database

NAMES = tuple(PLATFORMS)
_PARTS = ("inserted", "already_there", "replaced", "erased")
_KINDS = ("by_state", "quarantined", "passed_over")
_HARMLESS = {"older", "incomplete"}


class Run(NamedTuple):
    """What was run: format and story, and how many files were loaded."""

    kind: str
    loads: int


def run(database: Database[dict[str, Any]], folder: Path, seed: int) -> Run:
    """Invent a shop, load its files one after the other, and check what is stored after each."""
    platform, story = NAMES[seed % len(NAMES)], STORIES[seed // len(NAMES) % len(STORIES)]
    rng = seeded(seed)
    for name in database.list_collection_names():
        database[name].delete_many({})
    steps = story(rng, PLATFORMS[platform])
    path, said = folder, ""
    for number, step in enumerate(steps):
        if not step.same:
            path = _written(step, PLATFORMS[platform], folder, f"{seed}-{number}", rng)
        try:
            said = _load(database, PLATFORMS[platform], step, path)
            _check(database, PLATFORMS[platform], step)
        except Exception as error:
            error.add_note(f"seed {seed}: {platform}, {story.__name__}, load {number}: {path.name}, {step.presented}")
            error.add_note(said)
            raise
    return Run(f"{platform}, {story.__name__}", len(steps))


def _written(step: Step, platform: Whole, folder: Path, name: str, rng: random.Random) -> Path:
    path = step.presented.write(step.export, platform, folder, name, rng)
    if step.besides is None:
        return path
    other = step.presented.write(step.besides, platform, folder, f"{name}-b", rng)
    archive = folder / f"{name}.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.write(path, "1.csv")
        files.write(other, "2.csv")
    return archive


def _load(database: Database[dict[str, Any]], platform: Whole, step: Step, path: Path) -> str:
    for customer in database[schema.CUSTOMERS].find({}, {"_id": 1}):
        database[schema.SCORES].replace_one({"_id": customer["_id"]}, {"revision": 0}, upsert=True)
    before = database[schema.LOADS].count_documents({})
    arguments = ["load", *step.presented.arguments(platform), *step.arguments, str(path)]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(arguments)
    assert code == step.exit_code, f"exit code {code}: {out.getvalue()}"
    if not code and "loaded already" not in out.getvalue():
        _check_account(database, step)
    assert database[schema.LOADS].count_documents({}) >= before
    return out.getvalue()


def _check_account(database: Database[dict[str, Any]], step: Step) -> None:
    """Every row of the file is accounted for once, and its own totals are explained."""
    load = database[schema.LOADS].find_one({}, sort=[("started_at", -1)]) or {}
    rows = len(step.export.rows) + (len(step.besides.rows) if step.besides else 0)
    total = sum(load[name] for name in _PARTS) + sum(sum(load[name].values()) for name in _KINDS)
    assert load["read"] == total == rows, load
    assert set(load["quarantined"]) <= ({"InvoiceDate_missing"} if step.cut else set()), load["quarantined"]
    assert set(load["passed_over"]) <= _HARMLESS, load["passed_over"]
    difference = load["look"]["difference"]
    if difference and not step.cut and not step.besides:
        assert sum(difference["causes"].values()) == difference["stated"] - difference["counted"], difference
        assert not {"unexplained", "rounding"} & set(difference["causes"]), difference


def _check(database: Database[dict[str, Any]], platform: Whole, step: Step) -> None:
    """Customers, orders and scores are those of the truth, to the cent, and no others."""
    if step.said:
        load = database[schema.LOADS].find_one({}, sort=[("started_at", -1)]) or {}
        assert load["incomplete_orders"] == 1, load
    assert not database[schema.INTENTS].count_documents({})
    stored = {each["_id"] for each in database[schema.CUSTOMERS].find({}, {"_id": 1})}
    assert {each["_id"] for each in database[schema.SCORES].find({}, {"_id": 1})} <= stored
    if step.half:
        return
    names = {each["_id"]: each["reference"] for each in database[schema.REFERENCES].find()}
    assert _figures(database, names) == {
        platform.named(who): figures for who, figures in true_figures(step.after, platform.value).items()
    }
    assert _orders(database, names) == _true_orders(platform, step.after)
    numbers = {platform.numbered(order.invoice) for order in step.after}
    assert set(database[schema.TRANSACTIONS].distinct("InvoiceNo")) == numbers


def _figures(database: Database[dict[str, Any]], names: dict[int, str]) -> dict[str, Figures]:
    return {
        names[each["_id"]]: Figures(
            each["Frequency"], round(each["Monetary"] * 100), round(each["net_monetary"] * 100)
        )
        for each in database[schema.CUSTOMERS].find()
    }  # fmt: skip


def _orders(database: Database[dict[str, Any]], names: dict[int, str]) -> set[tuple[str, str]]:
    found = database[schema.ORDERS].find({"_id.kind": "order"})
    return {(names[each["_id"]["customer_id"]], each["_id"]["invoice"]) for each in found}


def _true_orders(platform: Whole, orders: Sequence[KnownOrder]) -> set[tuple[str, str]]:
    standing = (order for order in orders if order.person and order.state is None and platform.value(order) > 0)
    return {(platform.named(order.person or ""), platform.numbered(order.invoice)) for order in standing}
