"""The page: one file that is safe to open, complete, and the same in light and dark."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from PIL import Image
from report_samples import HOSTILE, Page, report_data

from trainer.report.figure import VARIABLES
from trainer.report.write import write_report

if TYPE_CHECKING:
    Files = dict[str, bytes]

PLOTS = {
    "roc", "pr", "lift", "gain", "calibration", "single_order", "confusion", "threshold", "coefficients",
    "contributions",
    "beeswarm", "example", "segment_sizes", "segment_means", "segment_map", "cluster_counts", "cohorts",
}  # fmt: skip


def test_every_plot_is_on_the_page_and_in_a_file(files: Files, page: Page) -> None:
    assert set(files) == {"report.html", "MODEL_CARD.md", *(f"plots/{name}.png" for name in PLOTS)}
    assert {figure["id"].removeprefix("plot-") for figure in page.all("figure")} == PLOTS
    for name in PLOTS:
        with Image.open(io.BytesIO(files[f"plots/{name}.png"])) as picture:
            assert picture.format == "PNG"
            assert len(picture.getcolors(256) or range(257)) > 2, name  # something is drawn


def test_every_plot_has_a_title_an_alternative_text_and_a_caption_with_figures(files: Files) -> None:
    html = files["report.html"].decode()
    drawn = re.findall(
        r"<figure .*?<h3>(.+?)</h3>.*?aria-label=\"([^\"]+?)\">.*?<figcaption>(.+?)</figcaption>", html, re.DOTALL
    )
    assert len(drawn) == len(PLOTS)
    assert all(re.search(r"\d", caption) and len(alt) > 20 for _, alt, caption in drawn)


def test_the_page_loads_nothing_and_runs_nothing(files: Files, page: Page) -> None:
    html = files["report.html"].decode()
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not re.search(r"https?:|[\"'(]//|@import|@font-face|javascript:", html)
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "img", "object", "embed", "form"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    references = [attributes[name] for _, attributes in page.elements for name in ("href", "src") if name in attributes]
    assert references
    assert all(reference.startswith(("#", "data:image/png;base64,")) for reference in references)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


def test_every_id_is_unique_and_every_reference_resolves(files: Files, page: Page) -> None:
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    html = files["report.html"].decode()
    wanted = re.findall(r'(?:href="|url\()#([^")]+)|aria-labelledby="([^"]+)"', html)
    assert {one or other for one, other in wanted} <= set(names)


def test_every_colour_of_a_plot_is_a_variable_of_the_page(files: Files) -> None:
    html = files["report.html"].decode()
    plots = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert not [colour for colour in VARIABLES if colour in plots]
    assert not re.search(r"(fill|stroke): #(000000|ffffff)", plots)
    light, dark = palettes(html)
    assert set(re.findall(r"var\(--([a-z-]+)\)", html)) <= set(light)
    assert set(light) == set(dark)


def palettes(html: str) -> tuple[dict[str, str], dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root {.*?}", html, re.DOTALL)
    )
    return light, dark


def test_text_and_lines_have_enough_contrast_in_light_and_dark(files: Files) -> None:
    for palette in palettes(files["report.html"].decode()):
        for letters in ("ink", "quiet", "brand"):
            for behind in ("paper", "card", "brand-soft"):
                assert contrast(palette[letters], palette[behind]) >= 4.5, (letters, behind, palette)
        for line in ("warm", "blue", "plum", "gold", "sky"):
            assert contrast(palette[line], palette["card"]) >= 2.8, (line, palette)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_names_typed_by_people_are_shown_and_never_markup() -> None:
    data = report_data(segments=(HOSTILE, "Guests"))
    data = data._replace(
        baselines={HOSTILE: data.probability},
        clusterers=[{**data.clusterers[0], "method": HOSTILE}],
        manifest={
            **data.manifest,
            "gate": {"passed": False, "checks": [{"name": HOSTILE, "passed": False, "reason": HOSTILE}]},
            "grade": {**data.manifest["grade"], "grade": HOSTILE},
            "comparison": {HOSTILE: data.manifest["metrics"]},
            "economics": {**data.manifest["economics"], "currency": HOSTILE},
        },
        currency="<b>GBP</b>",
    )
    files = write_report(data)
    page = Page(files["report.html"])
    assert page.text.count(HOSTILE) >= 6
    assert "<b>GBP</b>" in page.text
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    card = files["MODEL_CARD.md"].decode()
    assert "<script" not in card
    assert "<img" not in card
    (row,) = [line for line in card.splitlines() if line.startswith('| "&gt;&lt;script') and "/ $5" in line][-1:]
    assert row.count("|") == 6  # the bar in the name starts no cell
