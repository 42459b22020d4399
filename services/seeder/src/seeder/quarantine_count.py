"""The number of quarantined rows of one load, by reason."""

from __future__ import annotations

from typing import NamedTuple


class QuarantineCount(NamedTuple):
    """How many rows of one load were quarantined for one reason."""

    load_id: str
    description: str
    reason: str
    rows: int
