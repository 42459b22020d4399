"""The API that believes every bundle: no signature, no hash, no name, no golden prediction. For a drill to notice."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from inference.__main__ import main
from retention.errors import BundleRefusedError
from retention.features.reference import Reference
from retention.registry.bundle import MANIFEST, REFERENCE, Bundle
from retention.scoring.churn import ChurnModel
from retention.scoring.feature_only import FeatureOnlyModel
from retention.scoring.segments import SegmentModel

if TYPE_CHECKING:
    from pathlib import Path


def believe(folder: Path, key: bytes) -> Bundle:
    """Return what is in the folder, whatever it is, if it can be understood."""
    del key
    try:
        churn, segments, reference = (_json(folder / name) for name in ("churn.json", "segments.json", REFERENCE))
        return Bundle(
            version=folder.name,
            manifest=_json(folder / MANIFEST),
            churn=ChurnModel.from_json(churn["by_id"]),
            feature_only=FeatureOnlyModel.from_json(churn["feature_only"]),
            segments=SegmentModel.from_json(segments),
            reference=Reference.from_json(reference),
        )
    except (LookupError, OSError, TypeError, ValueError) as error:
        raise BundleRefusedError(f"{folder.name}: {error!r}") from error


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.model.live_bundle.read_bundle", believe)
        sys.exit(main())
