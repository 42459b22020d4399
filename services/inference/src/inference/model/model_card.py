"""The model card: what the live model was trained on and how good it is, from its bundle alone. Pure."""

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
    """A figure of the untouched test window, with its 95% bootstrap interval."""

    value: Annotated[float, Field(description="The figure.")]
    low: Annotated[float, Field(description="Low end of its interval.")]
    high: Annotated[float, Field(description="High end of its interval.")]


class Metrics(TypedDict):
    """Performance on the test window, which the model had not seen; null where not measured."""

    roc_auc: Annotated[Metric | None, Field(description="Chance that a leaver ranks above a stayer; 0.5 is guessing.")]
    pr_auc: Annotated[Metric | None, Field(description="Area under the precision-recall curve.")]
    brier: Annotated[Metric | None, Field(description="Mean squared error of the probabilities; 0 is best.")]
    brier_skill: Annotated[
        Metric | None, Field(description="Improvement over predicting the churn rate for all customers; 0 is none.")
    ]
    ece: Annotated[Metric | None, Field(description="Expected calibration error; 0 is best.")]
    lift_top_decile: Annotated[
        Metric | None, Field(description="Churn rate of the riskiest 10%, as a multiple of the average.")
    ]


class Threshold(TypedDict):
    """The probability from which a customer is flagged, and the policy that chose it."""

    value: Annotated[Probability, Field(description="The threshold.")]
    policy: Annotated[str | None, Field(description="How it was chosen.")]


class SeasonShift(TypedDict):
    """The shift of all log-odds in one month of the year."""

    month: Annotated[int, Field(ge=1, le=12, description="1 is January.")]
    log_odds: Annotated[float, Field(description="Added to the log-odds; positive values raise the risk.")]


class SingleOrderCell(TypedDict):
    """The churn rate of single-order customers below both limits (null: no limit) and in no earlier cell."""

    recency_below_days: Annotated[float | None, Field(description="Days since the order: fewer than this.")]
    products_below: Annotated[float | None, Field(description="Different products in it: fewer than this.")]
    customers: Annotated[int, Field(description="Customers in the cell.")]
    churn_rate: Annotated[Probability, Field(description="Share of them who did not return.")]
    low: Annotated[Probability, Field(description="Low end of its interval.")]
    high: Annotated[Probability, Field(description="High end of its interval.")]


class ModelCard(TypedDict):
    """The live model. Fields that an older model does not have are null."""

    version: Annotated[str, Field(description="The version, such as 20261121T043026Z-7db91e3.")]
    trained_at: Annotated[str | None, Field(description="When it was trained.")]
    champion_since: Annotated[str | None, Field(description="When it became champion.")]
    git_revision: Annotated[str | None, Field(description="Git revision of the code that trained it.")]
    data_clock: Annotated[str, Field(description="The instant of the training data; nothing later was used.")]
    horizon_days: Annotated[int, Field(description="Days that a prediction covers.")]
    windows: Annotated[dict[str, Any] | None, Field(description="Training cut-offs and the test cut-off.")]
    rows: Annotated[
        dict[str, int] | None, Field(description="Number of training examples, test examples and customers.")
    ]
    features: Annotated[list[str], Field(description="The features that the formula uses.")]
    threshold: Annotated[Threshold, Field(description="From which probability customers are flagged.")]
    metrics: Annotated[Metrics, Field(description="Performance on customers it had not seen.")]
    grade: Annotated[dict[str, Any] | None, Field(description="A, B or C, its rule and its meaning.")]
    gate: Annotated[dict[str, Any] | None, Field(description="The checks before promotion, and whether they passed.")]
    comparison: Annotated[
        dict[str, Any] | None, Field(description="The same figures of the rival models, on the same window.")
    ]
    season: Annotated[
        list[SeasonShift], Field(description="Months with a known shift; empty before a whole year of data.")
    ]
    single_order: Annotated[
        list[SingleOrderCell],
        Field(description="Churn rates of single-order customers; the first cell that fits applies."),
    ]


def model_card(bundle: Bundle, *, champion_since: str | None) -> ModelCard:
    """Return the card; fields that the manifest of an older trainer lacks are None."""
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
    # An unseen month has a shift of exactly 0 with variance 0.
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
