"""What has to hold before a model is fitted at all, and before it may go live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retention.errors import GateRefusedError, NotEnoughDataError

if TYPE_CHECKING:
    from trainer.windows import Examples

MIN_CUSTOMERS: Final = 100  # below, the 95 % interval of the AUC is wider than ±0.1
MIN_OF_EACH_CLASS: Final = 20


def check_readiness(examples: Examples, window: str) -> None:
    """Raise NotEnoughDataError, with the figures, unless there are enough customers of both kinds in the window."""
    customers = examples.customer_ids.nunique()
    churned = examples.customer_ids[examples.churned == 1].nunique()
    stayed = examples.customer_ids[examples.churned == 0].nunique()
    if customers < MIN_CUSTOMERS or min(churned, stayed) < MIN_OF_EACH_CLASS:
        raise NotEnoughDataError(
            f"{window}: {customers} customers, {churned} left and {stayed} stayed; at least {MIN_CUSTOMERS} customers "
            f"and {MIN_OF_EACH_CLASS} of each kind are needed: load more history. The champion is unchanged"
        )


def check_challenger(metrics: dict[str, Any], time_rule: dict[str, Any]) -> str:
    """Return why the challenger may go live; GateRefusedError, with the reason, when it may not."""
    model, rule = metrics["roc_auc"]["value"], time_rule["roc_auc"]["value"]
    if not model > rule:
        raise GateRefusedError(
            f"ROC-AUC {model:.3f} is not above {rule:.3f}, which 'longest silent first' reaches without a model: "
            "not promoted, the champion is unchanged"
        )
    return f"ROC-AUC {model:.3f} above the time rule's {rule:.3f}"
