"""The champion as a training run needs it: its origin, and its probabilities on the test window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention.clock import rfc3339
from retention.errors import BundleRefusedError, NoChampionError, NotPermittedError
from retention.registry.bundle import read_bundle
from trainer.churn.vectorised import churn_probability

if TYPE_CHECKING:
    from retention.registry.bundle import Bundle
    from retention.registry.versions import Registry
    from trainer.arrays import Floats
    from trainer.training_data import TrainingData


def read_champion(registry: Registry, key: bytes) -> Bundle | str:
    """Return the champion, or the reason there is none to compare with."""
    try:
        return read_bundle(registry.folder(registry.champion()), key)
    except NoChampionError:
        return "there is none"
    except (BundleRefusedError, NotPermittedError) as error:
        return str(error)


def has_origin(champion: Bundle, origin: dict[str, Any]) -> bool:
    """Return whether the champion was trained on this data, code, settings and horizon."""
    return all(champion.manifest.get(name) == value for name, value in origin.items())


def champion_probability(champion: Bundle | str, data: TrainingData) -> Floats | str:
    """Return the champion's probability of each test customer, or the reason a comparison would be unfair."""
    if isinstance(champion, str):
        return champion
    if champion.churn.horizon_days != data.windows.horizon_days:
        return f"its horizon is {champion.churn.horizon_days} days, this one's is {data.windows.horizon_days}"
    trained_until = max(champion.manifest["windows"]["training_as_of"])
    if trained_until > rfc3339(max(data.windows.training)):
        return f"it was trained on outcomes after {trained_until}, which fall in this test window"
    return churn_probability(champion.churn, data.test.features)
