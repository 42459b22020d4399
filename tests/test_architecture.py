"""No package has a cycle: neither between modules nor between rooms, imports for type checking included."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from grimp import ImportGraph

    Imports = dict[str, set[str]]

ACYCLIC_PACKAGES = ["retention", "seeder", "trainer", "inference"]


def module_imports(graph: ImportGraph) -> Imports:
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def room_imports(graph: ImportGraph, package: str) -> Imports:
    """Return which children of `package` import which others; a child stands for everything inside it."""
    rooms: Imports = {room: set() for room in graph.find_children(package)}
    for room in rooms:
        for module in {room, *graph.find_descendants(room)}:
            found = {room_of(imported, package) for imported in graph.find_modules_directly_imported_by(module)}
            rooms[room] |= found & rooms.keys() - {room}
    return rooms


def room_of(module: str, package: str) -> str:
    inside = module.removeprefix(f"{package}.")
    return f"{package}.{inside.partition('.')[0]}"


def cycle_in(imports: Imports) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module", params=ACYCLIC_PACKAGES)
def graph(request: pytest.FixtureRequest) -> ImportGraph:
    return grimp.build_graph(request.param, cache_dir=None)


def test_no_modules_import_each_other_in_a_cycle(graph: ImportGraph) -> None:
    assert cycle_in(module_imports(graph)) == []


def test_no_rooms_import_each_other_in_a_cycle(graph: ImportGraph) -> None:
    for package in sorted(graph.modules):
        assert cycle_in(room_imports(graph, package)) == []


def test_a_cycle_is_found_between_modules_and_between_rooms() -> None:
    graph = grimp.ImportGraph()
    for module in ("shop", "shop.till", "shop.till.drawer", "shop.till.keys", "shop.yard", "shop.yard.gate"):
        graph.add_module(module)
    graph.add_import(importer="shop.till.drawer", imported="shop.yard")
    graph.add_import(importer="shop.yard.gate", imported="shop.till.keys")
    assert cycle_in(module_imports(graph)) == []
    assert set(cycle_in(room_imports(graph, "shop"))) == {"shop.till", "shop.yard"}
    graph.add_import(importer="shop.till.keys", imported="shop.yard.gate")
    assert set(cycle_in(module_imports(graph))) == {"shop.till.keys", "shop.yard.gate"}
