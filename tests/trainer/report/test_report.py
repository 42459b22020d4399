"""The report: one file that is safe to open, the same in light and dark, honest where there is too little."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from retention.scoring.churn import NO_SEASON, Shift, sigmoid
from retention.scoring.single_order import Cell, SingleOrderRates
from trainer.churn.threshold import ThresholdPolicy
from trainer.cohorts import cohort_counts, cohort_pipeline
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import RANKING
from trainer.evaluation.rivals import Rival
from trainer.report import Band, ReportData, WeightedTerm, curves, single_order_bands, write_report
from trainer.report.cohort_plots import cohort_plots
from trainer.report.explanation_plots import explanation_plots
from trainer.report.figure import VARIABLES, Plot
from trainer.report.page import page as html_page
from trainer.report.probability_plots import probability_plots
from trainer.report.ranking_plots import ranking_plots
from trainer.report.segment_plots import segment_plots
from trainer.report.threshold_plots import threshold_plots
from trainer.windows import Examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pymongo.database import Database

    Files = dict[str, bytes]

PLOTS = {
    "roc", "pr", "lift", "gain", "calibration", "single_order", "confusion", "threshold", "coefficients",
    "contributions",
    "beeswarm", "example", "segment_sizes", "segment_means", "segment_map", "cluster_counts", "cohorts",
}  # fmt: skip
FIRST_ID = 987_650_000  # no other figure of the report looks like it
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> | $5 & $10'
AS_OF = datetime(2011, 12, 10, tzinfo=UTC)


def manifest(features: list[str], figures: dict[str, Any]) -> dict[str, Any]:
    """Return what a run publishes of a window with these figures, which are an evaluation's."""
    customers = figures["customers"]
    return {
        "version": "20111210T000000Z-3f9c2ab",
        "created_at": "2011-12-10T04:05:06Z",
        "clock": "2011-12-10T00:00:00Z",
        "windows": {
            "training_as_of": ["2011-06-13T00:00:00Z", "2011-05-29T00:00:00Z"],
            "test_as_of": "2011-09-11T00:00:00Z",
            "horizon_days": 90,
        },
        "rows": {"training": 9_000, "test": customers, "customers": customers},
        "features": features,
        "threshold": {"value": 0.5, "policy": "recall ≥ 0.80 out of fold"},
        **figures,
        "grade": {
            "grade": "B",
            "rule": "ROC-AUC at least 0.70",
            "would_be": "B",
            "capped_because": None,
            "sentence": "good enough for a letter",
        },
        "gate": {
            "passed": True,
            "checks": [
                {"name": "ranking", "passed": True, "reason": "ROC-AUC 0.74, low end 0.72"},
                {"name": "time_rule", "passed": True, "reason": "better than the time rule"},
            ],
        },
        "library_versions": {"numpy": "1.26.4"},
    }


def clusterer(method: str, figures: Mapping[str, float | None]) -> dict[str, Any]:
    return {"method": method, "clusters": 4, "noise_share": 0.1, "adjusted_rand_index": 0.5, "seconds": 0.1, **figures}


def report_data(customers: int = 300, segments: tuple[str, ...] = ("Regulars", "Guests")) -> ReportData:
    """Invent a shop: the formula is right about everybody but the one-time buyers."""
    random = np.random.default_rng(7)
    index = pd.Index(FIRST_ID + np.arange(customers))
    features = pd.DataFrame(
        {
            "Recency": random.integers(0, 400, customers).astype(float),
            "Frequency": random.geometric(0.4, customers).astype(float),
            "Monetary": random.lognormal(5, 1, customers).round(2),
        },
        index=index,
    )
    terms = [
        WeightedTerm("Recency", 4.5, 0.9, 0.7, 1.1),
        WeightedTerm("Frequency", 1.0, -0.8, -1.0, -0.6),
        WeightedTerm("Monetary", 5.0, -0.1, -0.3, 0.1),
    ]
    names = [term.feature for term in terms]
    steps = pd.DataFrame({term.feature: term.weight * (np.log1p(features[term.feature]) - term.mean) for term in terms})
    probability = 1 / (1 + np.exp(-steps.sum(axis=1).to_numpy()))
    churned = (random.random(customers) < probability).astype(int)
    people = features.assign(segment=[segments[place % len(segments)] for place in range(customers)])
    counts = [
        {"segments": k, "inertia": 900.0 / k, "silhouette": 1 / k, "davies_bouldin": 1.0, "calinski_harabasz": 99.0}
        for k in range(2, 10)
    ]
    cohorts = pd.DataFrame(
        [[40, 10, 8], [30, 9, np.nan], [20, np.nan, np.nan]], index=["2011-09", "2011-10", "2011-11"], columns=range(3)
    )
    churned[:2] = 0, 1  # however few there are
    rivals = {
        "longest_silent_first": Rival(features["Recency"].to_numpy(), RANKING),
        "gradient_boosting": Rival(probability**2),
    }
    test = Examples(features, pd.Series(churned, index), index, np.full(customers, np.datetime64("2011-09-11")))
    figures = evaluate(test, probability, threshold=0.5, policy=ThresholdPolicy(), rivals=rivals, horizon_days=90)
    return ReportData(
        manifest=manifest(names, figures),
        churned=churned,
        probability=probability,
        features=features,
        rivals={name: rival.score for name, rival in rivals.items()},
        terms=terms,
        base_log_odds=0.0,
        season=NO_SEASON,
        contributions=steps[features["Frequency"] > 1],
        single_order_bands=[Band(0, 30, 50, 0.6, 0.5, 0.7), Band(30, None, 60, 0.8, 0.7, 0.9)],
        customers=people,
        pca=random.normal(size=(customers, 2)),
        pca_explained=[0.7, 0.2],
        cluster_counts=counts,
        clusterers=[
            clusterer("kmeans", {"silhouette": 0.3, "davies_bouldin": 1.0, "calinski_harabasz": 99.0}),
            clusterer("dbscan", dict.fromkeys(("silhouette", "davies_bouldin", "calinski_harabasz"))),
        ],
        cohorts=cohorts,
    )


class Page(HTMLParser):
    """What is in a page: its elements with their attributes, and its text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def files(data: ReportData) -> Files:
    return write_report(data)


@pytest.fixture(scope="module")
def page(files: Files) -> Page:
    return Page(files["report.html"])


def test_every_plot_is_on_the_page_and_beside_it(files: Files, page: Page) -> None:
    assert set(files) == {"report.html", "MODEL_CARD.md", *(f"plots/{name}.png" for name in PLOTS)}
    assert {figure["id"].removeprefix("plot-") for figure in page.all("figure")} == PLOTS
    for name in PLOTS:
        with Image.open(io.BytesIO(files[f"plots/{name}.png"])) as picture:
            assert picture.format == "PNG"
            assert len(picture.getcolors(256) or range(257)) > 2, name  # something is drawn


def test_every_plot_has_a_title_a_text_for_the_blind_and_a_reading_with_figures(files: Files) -> None:
    html = files["report.html"].decode()
    drawn = re.findall(
        r"<figure .*?<h3>(.+?)</h3>.*?aria-label=\"([^\"]+?)\">.*?<figcaption>(.+?)</figcaption>", html, re.DOTALL
    )
    assert len(drawn) == len(PLOTS)
    assert all(re.search(r"\d", reading) and len(alt) > 20 for _, alt, reading in drawn)


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


def test_every_name_on_the_page_is_given_once_and_every_reference_finds_it(files: Files, page: Page) -> None:
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    html = files["report.html"].decode()
    wanted = re.findall(r'(?:href="|url\()#([^")]+)|aria-labelledby="([^"]+)"', html)
    assert {one or other for one, other in wanted} <= set(names)


def test_every_colour_of_a_plot_follows_the_page(files: Files) -> None:
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


def test_letters_stand_out_from_what_is_behind_them_in_light_and_dark(files: Files) -> None:
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


def test_the_same_data_makes_the_same_bytes_in_another_process(data: ReportData, files: Files, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(pickle.dumps(data))
    program = (
        "import hashlib, pathlib, pickle, sys\n"
        "from trainer.report import write_report\n"
        "files = write_report(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()))\n"
        "for name in sorted(files): print(name, hashlib.sha256(files[name]).hexdigest())\n"
    )
    environ = {
        **os.environ,
        "PYTHONHASHSEED": "4",
        "OMP_NUM_THREADS": "1",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    expected = [f"{name} {hashlib.sha256(files[name]).hexdigest()}" for name in sorted(files)]
    assert printed.splitlines() == expected


def test_the_headline_is_the_share_of_the_flagged_who_left(data: ReportData, page: Page) -> None:
    flagged = data.probability >= 0.5
    expected = f"Of 100 customers it flags, {100 * data.churned[flagged].mean():.0f} leave"
    assert expected in page.text


def test_grade_rule_and_verdict_stand_on_top(page: Page) -> None:
    top = page.text[: page.text.index("Does it know who is riskier?")]
    assert re.search(r"Grade\s+B", top)
    assert "good enough for a letter" in top
    assert "Rule: ROC-AUC at least 0.70" in top
    assert "passed all 2 checks" in top
    assert "Ranking: ROC-AUC 0.74, low end 0.72; Against the rule: better than the time rule" in page.text


def told(data: ReportData, **of_manifest: Any) -> str:
    """Return the text of the page when these parts of the manifest are others."""
    changed = data._replace(manifest={**data.manifest, **of_manifest})
    return " ".join(re.sub(r"<[^>]+>", " ", html_page(changed, defaultdict(list))).split())


def test_a_version_that_was_refused_has_no_grade_and_names_what_failed_on_top(data: ReportData) -> None:
    checks = [{"name": name, "passed": name == "ranking", "reason": f"{name} told"} for name in ("ranking", "skill")]
    text = told(data, gate={"passed": False, "checks": checks}, grade=None)
    assert "Gate: failed 1 of 2 checks; Against the average: skill told" in text
    assert "Not graded: the gate refused this version." in text
    assert "Rule" not in text[: text.index("Gate:")]
    assert "None" not in text


def test_a_champion_that_could_not_be_compared_is_no_check_passed(data: ReportData) -> None:
    why = "not compared with the champion because it looks 30 days ahead"
    checks = [*data.manifest["gate"]["checks"], {"name": "champion", "passed": True, "reason": why}]
    text = told(data, gate={"passed": True, "checks": checks})
    assert f"Gate: passed all 2 checks; Champion: {why}" in text


def test_the_rule_of_a_grade_that_was_capped_is_that_of_the_grade_it_would_be(data: ReportData) -> None:
    capped = {**data.manifest["grade"], "grade": "C", "capped_because": "the history is short"}
    assert "Rule for B: ROC-AUC at least 0.70" in told(data, grade=capped)


def test_every_group_on_the_page_is_the_manifest_s(data: ReportData) -> None:
    text = told(data)
    for name, words in {"active_90_days": "Ordered in last 90 days", "lapsed": "Silent over 90 days"}.items():
        group = data.manifest["groups"][name]
        ranked = group["metrics"]["roc_auc"]["value"]
        expected = rf"{words} {group['customers']} {100 * group['churn_rate']:.0f}\s% \S+ {ranked:.3f}"
        assert re.search(expected, text), expected


def test_the_figures_beside_the_curves_are_the_manifest_s(data: ReportData) -> None:
    roc, pr, *_ = ranking_plots(data)
    rule = data.manifest["comparison"]["longest_silent_first"]["roc_auc"]["value"]
    assert f"Rule: longest silent first {100 * rule:.0f};" in roc.reading
    assert f"Rule: longest silent first  {rule:.3f}" in roc.svg
    riskiest = np.argsort(-data.probability)[:90]
    assert f"of customers {100 * data.churned[riskiest].mean():.0f} in 100 left" in pr.reading
    calibration, _ = probability_plots(data)
    assert f"the model said {100 * data.probability.mean():.0f}\N{NO-BREAK SPACE}%" in calibration.reading


def test_a_group_too_small_to_judge_has_no_figure(data: ReportData) -> None:
    nothing = dict.fromkeys(data.manifest["metrics"])
    groups = {**data.manifest["groups"], "sparse": {"customers": 3, "churn_rate": 0.0, "metrics": nothing}}
    groups["single_order"] = {"customers": 0, "churn_rate": None, "metrics": nothing}
    text = told(data, groups=groups)
    assert re.search(r"Two orders 3 0\s% 0–56 – –", text)
    assert "One order " not in text


def test_the_most_profitable_line_is_named_with_what_it_assumes(data: ReportData) -> None:
    best = max(data.manifest["threshold_curve"], key=lambda point: point["profit"])
    _, plot = threshold_plots(data)
    assert "costs GBP 1 and keeps 10\N{NO-BREAK SPACE}% of those who would leave, each worth GBP 25" in plot.reading
    assert f"would have paid best: GBP {best['profit']:.0f} from all 300." in plot.reading
    points = [{**point, "profit": -1.0} for point in data.manifest["threshold_curve"]]
    _, plot = threshold_plots(data._replace(manifest={**data.manifest, "threshold_curve": points}))
    assert "no line would have paid" in plot.reading


def test_a_season_is_a_table_and_a_step_of_the_worked_example(data: ReportData) -> None:
    shifts = tuple(Shift(-9.0, 0.01) if month == 8 else Shift(0.1, 0.04) for month in range(12))
    seasonal = data._replace(season=shifts)
    files = write_report(seasonal)
    card, html = files["MODEL_CARD.md"].decode(), files["report.html"].decode()
    assert "| September | −9.00 (−9.16 to −8.84) | × 0.00 |" in card
    assert "+ the season of the month" in card
    assert "Season (September)" in html
    ranked = data.contributions.sum(axis=1).sort_values()
    end = sigmoid(float(ranked.iloc[int(0.9 * (len(ranked) - 1))]) - 9)
    assert f"with {100 * end:.1f}\N{NO-BREAK SPACE}%, and then" in html
    assert "the largest step, season (September), lowers the risk" in html


def test_without_a_season_the_card_says_why_and_the_example_has_no_such_step(files: Files) -> None:
    assert "None known: fewer than about 14 months of cut-offs" in files["MODEL_CARD.md"].decode()
    assert "Season (" not in files["report.html"].decode()


def test_the_worked_example_ends_at_the_formula_s_own_probability(data: ReportData, page: Page) -> None:
    ranked = data.contributions.sum(axis=1).sort_values()
    end = sigmoid(float(ranked.iloc[int(0.9 * (len(ranked) - 1))]))
    assert f"flagged with {100 * end:.0f}\N{NO-BREAK SPACE}%" in page.text


def test_no_customer_is_named(data: ReportData, files: Files) -> None:
    for name in ("report.html", "MODEL_CARD.md"):
        assert not [customer for customer in data.features.index if str(customer) in files[name].decode()], name


def test_what_people_wrote_is_shown_and_never_obeyed() -> None:
    data = report_data(segments=(HOSTILE, "Guests"))
    data = data._replace(
        rivals={HOSTILE: data.probability},
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
    (row,) = [line for line in card.splitlines() if line.startswith("| &#34;&gt;&lt;script") and "/ $5" in line][-1:]
    assert row.count("|") == 6  # the name's own bar starts no cell


@pytest.mark.parametrize(
    ("plots", "change", "sentence"),
    [
        (ranking_plots, {"rivals": {}}, "guessing gets 50)."),
        (explanation_plots, {"contributions": pd.DataFrame(columns=["Recency"])}, "the formula was asked about nobody"),
        (probability_plots, {"single_order_bands": []}, "too few one-time buyers"),
        (segment_plots, {"customers": pd.DataFrame()}, "too few customers to group"),
        (segment_plots, {"pca": None}, "too few customers to group"),
        (segment_plots, {"cluster_counts": []}, "too few customers to compare"),
        (cohort_plots, {"cohorts": pd.DataFrame()}, "Fewer than two whole months"),
        (cohort_plots, {"cohorts": pd.DataFrame([[3.0]], index=["2011-11"])}, "Fewer than two whole months"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    data: ReportData, plots: Callable[[ReportData], list[Plot]], change: dict[str, Any], sentence: str
) -> None:
    drawn = plots(data._replace(**change))
    assert any(sentence in plot.reading for plot in drawn)
    assert not [plot.name for plot in drawn if bool(plot.svg) != bool(plot.png)]


def test_twenty_customers_and_nothing_else_are_enough_for_a_report() -> None:
    data = report_data(customers=20)
    nobody = {"tp": 0, "fp": 0, "flagged_share": 0.0, "recall": 0.0, "precision": 0.0}
    nothing: dict[str, Any] = {
        "contributions": pd.DataFrame(), "single_order_bands": [], "pca": None, "rivals": {},
        "customers": pd.DataFrame(), "cluster_counts": [], "clusterers": [], "cohorts": pd.DataFrame(),
        "manifest": {**data.manifest, "at_threshold": {**data.manifest["at_threshold"], **nobody}, "comparison": {}},
    }  # fmt: skip
    files = write_report(data._replace(**nothing))
    text = Page(files["report.html"]).text
    assert "It flagged nobody" in text
    assert "flags nobody." in text
    assert "too few one-time buyers" in text
    assert "plots/cohorts.png" not in files
    assert not re.search(r"\bnan\b", text + files["MODEL_CARD.md"].decode())


def test_of_many_customers_a_sample_is_drawn_and_the_page_says_so() -> None:
    data = report_data(customers=20_000)
    dots = {plot.name: plot for plot in (*explanation_plots(data), *segment_plots(data))}
    assert "3,000 customers drawn at random are shown" in dots["beeswarm"].reading
    assert "3,000 of 20,000 customers are drawn" in dots["segment_map"].reading
    assert sum(len(plot.svg) for plot in dots.values()) <= 400_000


def test_the_page_and_the_bundle_stay_small(files: Files) -> None:
    assert len(files["report.html"]) <= 1_500_000
    assert sum(map(len, files.values())) <= 3_000_000


def test_the_card_says_what_a_model_card_says(files: Files, data: ReportData) -> None:
    card = files["MODEL_CARD.md"].decode()
    headings = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert headings == [
        "What it is for", "What it rests on", "The formula", "Season", "One-time buyers", "How good it is", "Segments",
        "Limits", "Fairness and privacy", "Taking it back",
    ]  # fmt: skip
    for term in data.terms:
        assert re.search(rf"\({term.feature}\) \| {term.mean:.3f} \| .{abs(term.weight):.3f}", card), term
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def test_the_published_table_of_one_time_buyers_becomes_bands_that_begin_where_others_end() -> None:
    limits = [(60.0, 4.2), (60.0, None), (120.0, None), (None, 4.2), (None, None)]
    rates = SingleOrderRates(1.0, tuple(Cell(*limit, 10, 0.0, -1.0, 1.0) for limit in limits))
    bands = single_order_bands(rates)
    assert [(band.days, band.products) for band in bands] == [
        ("0–59", "1–4 products"),
        ("0–59", "5 or more products"),
        ("60–119", ""),
        ("120 or more", "1–4 products"),
        ("120 or more", "5 or more products"),
    ]
    assert (bands[0].rate, bands[0].low) == (0.5, sigmoid(-1.0))
    _, plot = probability_plots(report_data()._replace(single_order_bands=bands))
    assert "5 or more products" in plot.svg
    assert "too few were there" not in plot.reading


def test_a_band_that_stands_for_all_says_so_and_a_count_is_of_customers() -> None:
    cells = (Cell(60.0, None, 40, 0.5, 0.0, 1.0), Cell(None, None, 70, 0.2, 0.1, 0.3))
    data = report_data()._replace(single_order_bands=single_order_bands(SingleOrderRates(0.2, cells)))
    _, plot = probability_plots(data)
    assert "all: n = 70" in plot.svg
    assert "all: n = 40" not in plot.svg
    assert "too few were there to tell apart" in plot.reading
    card = write_report(data)["MODEL_CARD.md"].decode()
    assert "| Days since the order | Customers |" in card
    assert "| 60 or more (all) | 70 |" in card
    assert "too few were there to tell apart" in card


@pytest.mark.parametrize("digits", [9, 1])
def test_the_area_under_the_drawn_curve_is_the_figure_beside_it(data: ReportData, digits: int) -> None:
    score = data.probability.round(digits)  # few digits: many customers with the same score
    assert auc(*curves.roc(data.churned, score)) == pytest.approx(roc_auc_score(data.churned, score), abs=1e-3)
    recall, precision = curves.precision_recall(data.churned, score)
    assert (recall[0], recall[-1]) == (0.0, 1.0)
    assert precision[-1] == pytest.approx(data.churned.mean())
    settled = data.churned.sum() * recall >= curves.SETTLED
    area = np.sum(np.diff(recall[settled], prepend=0.0) * precision[settled])
    assert area == pytest.approx(average_precision_score(data.churned, score), abs=0.03)
    assert len(curves.roc(np.arange(2_000) % 2, np.arange(2_000.0))[0]) <= curves.POINTS


def order(customer: int, day: datetime, kind: str = "order") -> dict[str, Any]:
    return {"_id": {"customer_id": customer, "invoice": f"{customer}-{day:%j}", "day": day, "kind": kind}}


def test_cohorts_count_who_ordered_again_in_whole_months_only(database: Database[dict[str, Any]]) -> None:
    def day(month: int, of_month: int = 5, year: int = 2011) -> datetime:
        return datetime(year, month, of_month, tzinfo=UTC)

    database["orders"].insert_many(
        [
            *(order(1, day(12, year=2010)), order(1, day(1)), order(1, day(1, 6)), order(1, day(11))),
            *(order(2, day(12, year=2010)), order(2, day(2), "return")),
            *(order(3, day(10)), order(3, day(11)), order(3, day(12))),
            order(4, day(12)),
            order(5, day(9), "return"),
        ]
    )
    documents = database["orders"].aggregate(cohort_pipeline(AS_OF))
    counts = cohort_counts(documents, AS_OF)
    assert list(counts.index) == ["2010-12", "2011-10"]
    assert np.array_equal(counts.columns, range(12))
    first, last = counts.to_numpy()
    assert first.tolist() == [2, 1, *[0] * 9, 1]
    assert last[:2].tolist() == [1, 1]
    assert np.isnan(last[2:]).all()


def test_no_orders_make_no_cohorts() -> None:
    assert cohort_counts([], AS_OF).empty
