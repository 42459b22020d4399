"""The usual way to score all customers: pull the columns, run the published scikit-learn pipelines, write back.

Run in its own process. It writes the same documents and indexes as the trainer, but does not rescore customers who
changed meanwhile.
"""

from __future__ import annotations

import json
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.server import highest_rss_mb
from retention.registry.bundle import Bundle, read_bundle, read_signing_key
from retention.registry.versions import Registry
from retention.scoring.churn import MONTH
from retention.store import schema

if TYPE_CHECKING:
    import pandas as pd

USUAL: Final = "scores_usual"
FIELDS: Final = ("Frequency", "Monetary", "AvgOrderValue", "Recency", "Tenure", "net_monetary", "as_of", "revision")
STAGES: Final = ("pull_s", "score_s", "write_s", "indexes_s")


def main() -> dict[str, float]:
    """Return the seconds in total and by stage, after imports, loading and connecting."""
    import joblib
    import pandas as pd
    import pymongo

    registry = Registry(Path(os.environ["MODELS_DIR"]))
    folder = registry.folder(registry.champion())
    bundle = read_bundle(folder, read_signing_key(Path(os.environ["MODEL_SIGNING_KEY_FILE"])))
    pipelines = [joblib.load(folder / f"{name}.joblib") for name in ("churn", "segments")]
    client: pymongo.MongoClient[dict[Any, Any]] = pymongo.MongoClient(os.environ["MONGO_URI"])
    database = client[os.environ["DB_NAME"]]
    client.admin.command("ping")

    clock = [time.perf_counter()]
    columns = {*FIELDS, *bundle.churn.features, MONTH}
    customers = pd.DataFrame(list(database[schema.CUSTOMERS].find({}, dict.fromkeys(columns, 1))))
    clock.append(time.perf_counter())
    scores = scored(customers, bundle, *pipelines)
    clock.append(time.perf_counter())
    database[USUAL].insert_many(scores.to_dict("records"), ordered=False)
    clock.append(time.perf_counter())
    for index in schema.SCORE_INDEXES:
        database[USUAL].create_index([(field, 1) for field in index.fields])
    clock.append(time.perf_counter())
    spent = (end - start for start, end in pairwise(clock))
    return {"seconds": clock[-1] - clock[0], **dict(zip(STAGES, spent, strict=True))}


def scored(customers: pd.DataFrame, bundle: Bundle, churn: Any, segments: Any) -> pd.DataFrame:  # noqa: ANN401 - of sklearn
    """Return the trainer's scores, computed by scikit-learn; single orders come from their table, as in the trainer."""
    import numpy as np
    import pandas as pd

    from trainer.churn.vectorised import churn_probability, season_shifts

    model = bundle.churn
    is_single = customers["Frequency"] == 1
    several = churn.predict_proba(customers[list(model.several_orders.features)].to_numpy(dtype=float))[:, 1]
    probability = 1 / (1 + (1 - several) / several * np.exp(-season_shifts(model, customers)))
    probability[is_single] = churn_probability(model, customers[is_single])
    clusters = segments.predict(customers[list(bundle.segments.features)].clip(lower=0).to_numpy(dtype=float))
    names = {segment.cluster: segment.segment for segment in bundle.segments.segments}
    tiers = {"lapsed": customers["Recency"] > model.horizon_days, "single_order": is_single}
    tiers["sparse"] = customers["Frequency"] == 2  # noqa: PLR2004 - the contract's definition
    return customers[["_id", *FIELDS]].assign(
        churn_probability=probability,
        churn_prediction=(probability >= model.threshold).astype(int),
        evidence=np.select(list(tiers.values()), list(tiers), "repeat"),
        cluster=clusters,
        segment=[names[cluster] for cluster in clusters],
        due=customers["as_of"] + pd.Timedelta(days=model.horizon_days),
        model_version=bundle.version,
    )


if __name__ == "__main__":
    print(json.dumps(main() | {"peak_rss_mb": highest_rss_mb(os.getpid())}))
