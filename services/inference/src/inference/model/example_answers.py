"""Answers as they come: what the documentation shows. Real figures of Online Retail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inference.model.model_card import ModelCard
    from inference.model.responses import ChampionMoved, Figures, Gate, Reloaded, Versions

_VERSION: Final = "20261121T043026Z-7db91e3"
MODEL_CARD: Final[ModelCard] = {
    "version": _VERSION,
    "trained_at": "2026-11-21T04:30:26Z",
    "champion_since": "2026-11-21T04:30:41Z",
    "git_revision": "7db91e3c4a5f60718293a4b5c6d7e8f901234567",
    "data_clock": "2011-12-10T00:00:00Z",
    "horizon_days": 90,
    "windows": {
        "training_as_of": [
            "2011-06-13T00:00:00Z",
            "2011-05-29T00:00:00Z",
            "2011-05-14T00:00:00Z",
            "2011-04-29T00:00:00Z",
            "2011-04-14T00:00:00Z",
            "2011-03-30T00:00:00Z",
            "2011-03-15T00:00:00Z",
        ],
        "test_as_of": "2011-09-11T00:00:00Z",
        "horizon_days": 90,
    },
    "rows": {"training": 16809, "test": 3370, "customers": 4338},
    "features": [
        "Frequency",
        "Monetary",
        "Tenure",
        "orders_90d",
        "decayed_orders",
        "distinct_products",
        "returns_share",
        "active_months",
        "Recency",
    ],
    "threshold": {"value": 0.4487605333458149, "policy": "recall ≥ 0.80 out of fold"},
    "metrics": {
        "roc_auc": {"value": 0.7453439500720129, "low": 0.7286904553901415, "high": 0.7628597901818824},
        "pr_auc": {"value": 0.6371574042727328, "low": 0.6116664092942259, "high": 0.664040322510364},
        "brier": {"value": 0.2021782053568404, "low": 0.1951956464202937, "high": 0.2083811348242829},
        "brier_skill": {"value": 0.17510553674235085, "low": 0.14706559955563583, "high": 0.2026595853515386},
        "ece": {"value": 0.03709373622529254, "low": 0.02941611260285694, "high": 0.055281613813586164},
        "lift_top_decile": {"value": 1.6908212560386473, "low": 1.5733288038810447, "high": 1.8050078421432019},
    },
    "grade": {
        "grade": "C",
        "rule": "ROC-AUC's low end at least 0.70 and ECE at most 0.08",
        "would_be": "B",
        "capped_because": (
            "the history is 4.2 horizons long: with fewer than 5 nobody can know how the model does in another season"
        ),
        "sentence": (
            "Of two customers, one who leaves and one who stays, the model tells which is which 75 "
            "times in 100. Use the order of the list; take the probabilities as rough. It would be B, "
            "but the history is 4.2 horizons long: with fewer than 5 nobody can know how the model does "
            "in another season."
        ),
    },
    "gate": {
        "passed": True,
        "checks": [
            {
                "name": "ranking",
                "passed": True,
                "reason": "ROC-AUC 0.745, low end 0.729 (above 0.55; 0.5 is guessing)",
            },
        ],
    },
    "comparison": {
        "longest_silent_first": {
            "roc_auc": {"value": 0.6834080047306854, "low": 0.6656920195242378, "high": 0.7009416845436865},
            "pr_auc": {"value": 0.5899936120040311, "low": 0.5622399198859126, "high": 0.6176522038344356},
            "lift_top_decile": {
                "value": 1.5220528264006523,
                "low": 1.4012976876885848,
                "high": 1.6503644939965694,
            },
        },
    },
    "season": [],
    "single_order": [
        {
            "recency_below_days": recency_below_days,
            "products_below": products_below,
            "customers": customers,
            "churn_rate": churn_rate,
            "low": low,
            "high": high,
        }
        for recency_below_days, products_below, customers, churn_rate, low, high in (
            (60.0, 12.0, 537, 0.6678470254957507, 0.6329690570082773, 0.7009763849297154),
            (60.0, 23.0, 484, 0.6169265033407573, 0.5798433740071647, 0.6526970421000604),
            (60.0, None, 551, 0.5173370319001387, 0.4810454075905085, 0.5534466790640523),
            (120.0, 12.0, 457, 0.7058333333333333, 0.6686152376327531, 0.740493794077299),
            (120.0, 23.0, 381, 0.6349206349206349, 0.5926700144700958, 0.6751905692614859),
            (120.0, None, 423, 0.5765595463137996, 0.5349927572112857, 0.6170702261748885),
            (None, 12.0, 215, 0.7646219686162625, 0.7152930199508843, 0.8077017953183253),
            (None, 23.0, 137, 0.684085510688836, 0.6145485573851074, 0.7462573565694003),
            (None, None, 162, 0.7351778656126482, 0.6737428226189691, 0.7886730846655502),
        )
    ],
}
_BEFORE: Final = "20261120T043019Z-1c04ab2"
_FIGURES: Final[Figures] = {"roc_auc": 0.7453439500720129, "pr_auc": 0.6371574042727328, "ece": 0.03709373622529254}
_GATE: Final[Gate] = {"passed": True, "reason": "ROC-AUC 0.745, low end 0.729 (above 0.55; 0.5 is guessing)"}
VERSIONS: Final[Versions] = {
    "versions": [
        {
            "version": _VERSION,
            "created_at": "2026-11-21T04:30:26Z",
            "grade": "C",
            "metrics": _FIGURES,
            "gate": _GATE,
            "champion": True,
            "serving": True,
            "sound": True,
            "reason": None,
        },
        {
            "version": _BEFORE,
            "created_at": "2026-11-20T04:30:19Z",
            "grade": "C",
            "metrics": _FIGURES,
            "gate": _GATE,
            "champion": False,
            "serving": False,
            "sound": False,
            "reason": f"{_BEFORE}: the content of report.html is not what was published",
        },
    ],
    "history": [
        {"at": "2026-11-21T04:30:41Z", "from": _BEFORE, "to": _VERSION, "reason": _GATE["reason"]},
        {"at": "2026-11-20T04:30:33Z", "from": None, "to": _BEFORE, "reason": _GATE["reason"]},
    ],
}
MOVED: Final[ChampionMoved] = {"champion": _VERSION, "before": _BEFORE, "changed": True, "scored": 4338}
RELOADED: Final[Reloaded] = {"version": _VERSION, "changed": False}
