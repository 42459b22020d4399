"""How parallel workers share the tests, so that no expensive fixture is made twice."""

from __future__ import annotations

from typing import Final

import pytest

# Shops of a whole session: seeding and training one takes about 20 s. The longest groups come first.
SHOPS: Final = ("real_shop", "invented_shop", "small_shop")


def shared_group(item: pytest.Item) -> str | None:
    """Return the shop that the test uses, or its file if that has a module fixture; None means any worker will do."""
    if not isinstance(item, pytest.Function):
        return None
    shop = next((name for name in SHOPS if name in _used(item)), None)
    return shop or (item.nodeid.partition("::")[0] if _shares_a_module_fixture(item) else None)


def start_order(item: pytest.Item) -> int:
    """Return the place of the test's group in the queue: shops, files with module fixtures, single tests."""
    group = shared_group(item)
    if group in SHOPS:
        return SHOPS.index(group)
    return len(SHOPS) + (group is None)


def _used(item: pytest.Function) -> set[str]:
    """Return the names of the test's fixtures, also of those that a parameter names."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*item.fixturenames, *(value for value in parameters if isinstance(value, str))}


def _shares_a_module_fixture(item: pytest.Function) -> bool:
    definitions = item._fixtureinfo.name2fixturedefs.values()
    return any(definition[-1].scope == "module" for definition in definitions)
