"""An invented report: its data, and its page as elements and text."""

from __future__ import annotations

import re
from collections import defaultdict
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retention.scoring.churn import NO_SEASON
from trainer.churn.threshold import ThresholdPolicy
from trainer.evaluation.baselines import Baseline
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import RANKING_METRICS
from trainer.report.bands import Band
from trainer.report.data import ReportData, WeightedTerm
from trainer.report.page import page as html_page
from trainer.windows import Examples

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_ID = 987_650_000  # unlike any other figure of the report
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> | $5 & $10'


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
    features["net_monetary"] = (features["Monetary"] * 0.95).round(2)
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
    baselines = {
        "longest_silent_first": Baseline(features["Recency"].to_numpy(), RANKING_METRICS),
        "gradient_boosting": Baseline(probability**2),
    }
    test = Examples(features, pd.Series(churned, index), index, np.full(customers, np.datetime64("2011-09-11")))
    figures = evaluate(test, probability, threshold=0.5, policy=ThresholdPolicy(), baselines=baselines, horizon_days=90)
    return ReportData(
        manifest=manifest(names, figures),
        churned=churned,
        probability=probability,
        features=features,
        baselines={name: baseline.score for name, baseline in baselines.items()},
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


def page_text(data: ReportData, **of_manifest: Any) -> str:
    """Return the text of the page when these parts of the manifest are others."""
    changed = data._replace(manifest={**data.manifest, **of_manifest})
    return " ".join(re.sub(r"<[^>]+>", " ", html_page(changed, defaultdict(list))).split())
