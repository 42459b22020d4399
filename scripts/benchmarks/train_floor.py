"""The least that training needs: one read of the rows, and one fit each of champion, boosting and KMeans (k = 2 to 9).

Run in its own process after the trainer, because it fits the champion on the features that the trainer chose.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from benchmarks.server import highest_rss_mb
from retention.features import pipelines
from retention.registry.versions import Registry
from trainer.churn.fit import FOLDS, linear_pipeline
from trainer.evaluation.baselines import gradient_boosting
from trainer.repository import open_store
from trainer.segments.descriptions import SEGMENTS
from trainer.segments.fit import SEED, standardise
from trainer.settings import Settings
from trainer.windows import choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    import pandas as pd

    from trainer.windows import Examples

HORIZON_DAYS = 90


def main() -> dict[str, float]:
    """Return the seconds for reading and for each fit."""
    settings = Settings.from_environ(os.environ)
    registry = Registry(settings.models_dir)
    choice = json.loads((registry.folder(registry.champion()) / "manifest.json").read_text())["choice"]
    clock = [time.perf_counter()]
    learn, customers = _read(settings)
    clock.append(time.perf_counter())
    churned = learn.churned.to_numpy()
    X = learn.features[choice["features"]].to_numpy()
    folds = list(GroupKFold(FOLDS).split(X, churned, groups=learn.customer_ids))
    pipeline = linear_pipeline(choice["regularisation"])
    CalibratedClassifierCV(pipeline, method="sigmoid", ensemble=False, cv=folds).fit(X, churned)
    clock.append(time.perf_counter())
    with threadpool_limits(1):
        gradient_boosting().fit(learn.features[list(pipelines.FEATURES)].to_numpy(), churned)
    clock.append(time.perf_counter())
    points, _ = standardise(customers, at_least=SEGMENTS[-1] + 1)
    with threadpool_limits(1):
        for k in SEGMENTS:
            KMeans(k, random_state=SEED, n_init=10).fit(points)
    clock.append(time.perf_counter())
    names = ("read_s", "champion_s", "boosting_s", "kmeans_s")
    spent = {name: end - start for name, start, end in zip(names, clock, clock[1:], strict=False)}
    return {**spent, "seconds": clock[-1] - clock[0]}


def _read(settings: Settings) -> tuple[Examples, pd.DataFrame]:
    """Return the training examples and all customers as of the clock; the test window is read, too."""
    with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s) as store:
        as_of = store.clock()
        windows = choose_windows(store.first_order_day(), as_of, HORIZON_DAYS)
        learn = training_examples(store, windows)
        examples_at(store, windows.test, HORIZON_DAYS)
        return learn, store.customers(as_of)


if __name__ == "__main__":
    print(json.dumps(main() | {"peak_rss_mb": highest_rss_mb(os.getpid())}))
