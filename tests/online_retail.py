"""The real Online Retail file, where it stands beside the checkout; tests that need it say so when they skip."""

from __future__ import annotations

from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "online_retail.parquet"

needs_online_retail = pytest.mark.skipif(
    not FILE.exists(), reason=f"the real Online Retail file is not there: {FILE.parent.parent.name}/data/{FILE.name}"
)
