"""The style of the plots, and their output: an SVG in the page's colours and a PNG for use alone."""

from __future__ import annotations

import gc
import io
import re
import warnings
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from trainer.report.number_format import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# All colours are distinct, so that each can be replaced by the page's variable of the same name.
INK, QUIET, RULE, PAPER = "#22302c", "#5d6c67", "#dde5e2", "#fffffe"
BRAND, WARM, BLUE, PLUM, GOLD, SKY = "#1f6f5c", "#c4571b", "#3a6fb5", "#8d4f94", "#b08410", "#4fa3b8"
HEAT: Final = "#3d9a83"  # behind text in INK, at up to 0.75 opacity
VARIABLES: Final = {
    INK: "ink", QUIET: "quiet", RULE: "rule", PAPER: "card",
    BRAND: "brand", WARM: "warm", BLUE: "blue", PLUM: "plum", GOLD: "gold", SKY: "sky", HEAT: "heat",
}  # fmt: skip
CATEGORIES: Final = (BRAND, BLUE, WARM, PLUM, GOLD, SKY, QUIET, INK)  # in this order distinct to colour-blind readers
WIDTH: Final = 360  # units, a phone's content width: text keeps its size there
SAMPLE: Final = 3_000  # dots of a scatter plot: more merge into a blot and cost time and bytes
SEED: Final = 42
_PNG_DPI: Final = 144
_POINTS: Final = 72
_STYLE: Final[dict[Any, Any]] = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same on every machine
    "font.size": 10.5, "axes.labelsize": 10, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5, "legend.fontsize": 9.5,
    "text.color": INK, "axes.labelcolor": QUIET, "xtick.color": QUIET, "ytick.color": QUIET,
    "axes.edgecolor": RULE, "axes.linewidth": 1, "axes.facecolor": "none", "figure.facecolor": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "axes.grid": True, "grid.color": RULE, "grid.linewidth": 0.8,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.major.pad": 5, "ytick.major.pad": 5,
    "lines.linewidth": 2, "lines.solid_capstyle": "round", "legend.frameon": False, "legend.labelcolor": INK,
    "text.parse_math": False,  # a segment may be called "$5 and $10"
    "svg.fonttype": "none", "image.composite_image": False, "axes.unicode_minus": True,
}  # fmt: skip


class Plot(NamedTuple):
    """One plot of the page; without an image (too little data) the caption gives the reason."""

    name: str
    title: str
    alt: str  # for screen readers
    caption: str  # what it shows, in one or two plain sentences
    svg: str = ""
    png: bytes = b""
    wide: bool = False

    @classmethod
    def missing(cls, name: str, title: str, reason: str) -> Plot:
        """Return a plot without an image, and the reason."""
        return cls(name, title, "", reason)


def draw(
    name: str, title: str, paint: Callable[[Axes], None], *, alt: str, caption: str,
    height: int = 250, width: int = WIDTH,
) -> Plot:  # fmt: skip
    """Return the plot that `paint` draws on one set of axes, `width` × `height` units."""

    def on_axes(figure: Figure) -> None:
        paint(figure.add_subplot())

    return compose(name, title, on_axes, alt=alt, caption=caption, height=height, width=width)


def compose(
    name: str, title: str, paint: Callable[[Figure], None], *, alt: str, caption: str,
    height: int = 250, width: int = WIDTH,
) -> Plot:  # fmt: skip
    """Return the plot that `paint` draws on a whole figure. Equal figures give equal bytes."""
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # A segment name may use a script this font lacks: the page shows it, the PNG shows boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=(width / _POINTS, height / _POINTS), layout="constrained")
        paint(figure)
        svg = _svg(figure, alt)
        figure.set_layout_engine("none")  # the layout is settled: the PNG need not compute it again
        png = _png(figure)
    del figure
    gc.collect()  # figures are reference cycles: seventeen uncollected ones take 16 MB
    return Plot(name, title, alt, caption, svg, png, wide=width > WIDTH)


def percent_axis(*axes: Axis) -> None:
    """Label the ticks of `axes`, which hold shares, as percentages."""
    for axis in axes:
        axis.set_major_formatter(lambda share, _: percent(round(share, 6)))


def _svg(figure: Figure, alt: str) -> str:
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", dpi=_PNG_DPI, metadata=metadata)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # repeated in every plot, and unused
    opening = re.compile(r'^<svg [^>]*?viewBox="([^"]*)"[^>]*>')
    svg = opening.sub(lambda found: f'<svg viewBox="{found[1]}" role="img" aria-label="{escape(alt)}">', svg)
    svg = svg.replace("xlink:href", "href").replace("'DejaVu Sans'", "system-ui, sans-serif")
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return re.sub(r"\s*\n\s*", "\n", svg)


def _png(figure: Figure) -> bytes:
    figure.set_facecolor(PAPER)
    figure.set_dpi(_PNG_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(pixels).convert("RGB")
    small = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(small, format="png", optimize=True)  # a third of the size
    return small.getvalue()
