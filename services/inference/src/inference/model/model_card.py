"""What there is to know of the model that answers, from its bundle alone: the shape and the figures. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from inference.responses import Probability  # noqa: TC001 - pydantic reads the annotations
from retention.scoring.churn import sigmoid

if TYPE_CHECKING:
    from retention.registry.bundle import Bundle
    from retention.scoring.churn import ChurnModel


class Metric(TypedDict):
    """A figure of the untouched test window, and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Metrics(TypedDict):
    """How good the model was on the test window, which it had not seen; null for what was not measured."""

    roc_auc: Metric | None
    pr_auc: Metric | None
    brier: Metric | None
    brier_skill: Metric | None
    ece: Metric | None
    lift_top_decile: Metric | None


class Threshold(TypedDict):
    """From which probability on a customer counts as leaving, and the policy that chose it."""

    value: Probability
    policy: str | None


class SeasonShift(TypedDict):
    """By how much everybody's log-odds differ in a month of the year."""

    month: Annotated[int, Field(ge=1, le=12)]
    log_odds: float


class SingleOrderCell(TypedDict):
    """What became of customers of one order that lie below both limits (null: none), and in no earlier cell."""

    recency_below_days: float | None
    products_below: float | None
    customers: int
    churn_rate: Probability
    low: Probability
    high: Probability


class ModelCard(TypedDict):
    """The model that answers now. What an older one does not say of itself is null."""

    version: str
    trained_at: str | None
    champion_since: Annotated[str | None, Field(description="When it was made the model that answers.")]
    git_revision: Annotated[str | None, Field(description="Of the code that trained it.")]
    data_clock: Annotated[str, Field(description="The instant the data was as of: it knows nothing later.")]
    horizon_days: int
    windows: Annotated[dict[str, Any] | None, Field(description="The instants it learned at, and the one of its test.")]
    rows: Annotated[dict[str, int] | None, Field(description="Examples learned from and tested on; customers now.")]
    features: list[str]
    threshold: Threshold
    metrics: Metrics
    grade: Annotated[dict[str, Any] | None, Field(description="A, B or C, the rule that gave it, and what it means.")]
    gate: Annotated[
        dict[str, Any] | None, Field(description="What it was asked before it went live, and whether it passed.")
    ]
    comparison: Annotated[
        dict[str, Any] | None, Field(description="The same figures of what it had to beat, on the same window.")
    ]
    season: Annotated[list[SeasonShift], Field(description="The months that were seen; none before a whole year was.")]
    single_order: list[SingleOrderCell]


def model_card(bundle: Bundle, *, champion_since: str | None) -> ModelCard:
    """Return the card; what an older trainer did not write into the manifest is None."""
    manifest, model = bundle.manifest, bundle.churn
    return {
        "version": bundle.version,
        "trained_at": manifest.get("created_at"),
        "champion_since": champion_since,
        "git_revision": manifest.get("git_revision"),
        "data_clock": bundle.reference.as_of,
        "horizon_days": model.horizon_days,
        "windows": manifest.get("windows"),
        "rows": manifest.get("rows"),
        "features": list(model.features),
        "threshold": {"value": model.threshold, "policy": manifest.get("threshold", {}).get("policy")},
        "metrics": _metrics(manifest.get("metrics", {})),
        "grade": manifest.get("grade"),
        "gate": manifest.get("gate"),
        "comparison": manifest.get("comparison"),
        "season": _season(model),
        "single_order": _single_order(model),
    }


def _metrics(measured: dict[str, Any]) -> Metrics:
    return {name: measured.get(name) for name in Metrics.__annotations__}  # type: ignore[return-value]


def _season(model: ChurnModel) -> list[SeasonShift]:
    # A month that was not seen has a shift of exactly 0, known exactly.
    return [
        {"month": month, "log_odds": shift.log_odds}
        for month, shift in enumerate(model.season, 1)
        if shift.variance > 0
    ]


def _single_order(model: ChurnModel) -> list[SingleOrderCell]:
    return [
        {
            "recency_below_days": cell.recency_below,
            "products_below": cell.products_below,
            "customers": cell.customers,
            "churn_rate": sigmoid(cell.log_odds),
            "low": sigmoid(cell.low),
            "high": sigmoid(cell.high),
        }
        for cell in model.single_order.cells
    ]
