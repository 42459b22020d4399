"""Axes with one row per feature, shared by the explanation plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trainer.report.figure import INK
from trainer.report.labels import feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

DIRECTIONS: Final = "← lowers the risk    raises the risk →"


def feature_rows(axes: Axes, names: Sequence[str]) -> None:
    """Label the rows of `axes` with the features, from the bottom up."""
    axes.set_yticks(range(len(names)), [feature(name) for name in names])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def rows_height(rows: int, each: int = 26) -> int:
    """Return the height of a figure with this many rows."""
    return 60 + each * max(rows, 2)
