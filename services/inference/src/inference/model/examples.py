"""Questions that work, once the version is one that is there: what the documentation fills in."""

from __future__ import annotations

from typing import Any, Final

CHAMPION_EXAMPLES: Final[dict[str, Any]] = {
    "version": {"summary": "Put one of `GET /models` here", "value": {"version": "20261121T043026Z-7db91e3"}},
}
