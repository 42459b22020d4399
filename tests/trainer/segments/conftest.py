"""Customers of an invented shop, of the real one, and of four clear groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from segment_samples import USUAL, crowd

if TYPE_CHECKING:
    import pandas as pd
    from shops import Shop


@pytest.fixture(scope="session")
def usual() -> pd.DataFrame:
    return crowd(*USUAL)


@pytest.fixture(scope="session")
def invented(invented_shop: Shop) -> pd.DataFrame:
    with invented_shop.store() as store:
        return store.customers(store.clock())


@pytest.fixture(scope="session")
def real(real_shop: Shop) -> pd.DataFrame:
    with real_shop.store() as store:
        return store.customers(store.clock())
