"""The cells of a workbook as the text they would be in a CSV file."""

from __future__ import annotations

from datetime import MAXYEAR, datetime, timedelta
from typing import Final

_HALF_SECOND_US: Final = 500_000


def text(cell: object) -> str:
    """Return what the cell would be in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return _to_seconds(cell).isoformat(sep=" ")
    return str(cell)


def _to_seconds(instant: datetime) -> datetime:
    """Round to the nearest second: a workbook stores 07:45 as a fraction of a day, 07:44:59.999997."""
    whole = instant.replace(microsecond=0)
    upwards = instant.microsecond >= _HALF_SECOND_US and whole.year < MAXYEAR
    return whole + timedelta(seconds=upwards)
