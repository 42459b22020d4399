"""A model bundle: a folder that is written once and verified when read. The API reads JSON numbers, never a pickle.

manifest.json   description, sha256 of every other file, golden predictions
manifest.sig    HMAC-SHA256 of manifest.json; the key is stored elsewhere
churn.json segments.json reference.json
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadConfigurationError, BundleRefusedError
from retention.features import pipelines
from retention.features.reference import Reference
from retention.registry.files import sync_directory, write_durably
from retention.scoring.churn import ChurnModel
from retention.scoring.feature_only import FeatureOnlyModel
from retention.scoring.segments import SegmentModel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

SCHEMA_VERSION: Final = 2
GOLDEN_TOLERANCE: Final = 1e-9
MIN_KEY_CHARACTERS: Final = 32  # 256 bits are 64 in hexadecimal, 43 in base64
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
REFERENCE: Final = "reference.json"


class Bundle(NamedTuple):
    """One verified version, immutable, with all that an answer needs."""

    version: str
    manifest: dict[str, Any]
    churn: ChurnModel
    feature_only: FeatureOnlyModel
    segments: SegmentModel
    reference: Reference


def read_signing_key(path: Path) -> bytes:
    """Return the key in `path`; BadConfigurationError when it is unreadable or too short to be safe."""
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it is not text")
        raise BadConfigurationError(f"MODEL_SIGNING_KEY_FILE: cannot read {path}: {reason}") from error
    if len(key) < MIN_KEY_CHARACTERS:
        raise BadConfigurationError(f"MODEL_SIGNING_KEY_FILE: {path} has fewer than {MIN_KEY_CHARACTERS} characters")
    return key.encode()


def to_bytes(content: object) -> bytes:
    """Return readable JSON; floats keep every digit, so reading them back gives the same numbers."""
    return (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def write_bundle(folder: Path, manifest: dict[str, Any], files: Mapping[str, bytes], key: bytes) -> None:
    """Write `files`, the manifest with their hashes, and its signature into the empty `folder`, durably."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    signed = to_bytes({"schema_version": SCHEMA_VERSION, **manifest, "sha256": hashes})
    everything = {**files, MANIFEST: signed, SIGNATURE: _sign(signed, key)}
    inner = {(folder / name).parent for name in everything} - {folder}  # plots/
    for directory in inner:
        directory.mkdir()
    for name, content in everything.items():
        write_durably(folder / name, content)
    for directory in (*inner, folder):
        sync_directory(directory)


def read_bundle(folder: Path, key: bytes) -> Bundle:
    """Return the bundle in `folder`; BundleRefusedError, with the reason, when any check fails."""
    try:
        return _read_verified(folder, key)
    except OSError as error:
        raise BundleRefusedError(f"{folder.name}: cannot read {error.filename}: {error.strerror}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise BundleRefusedError(f"{folder.name}: malformed content: {error!r}") from error


def _read_verified(folder: Path, key: bytes) -> Bundle:
    signed = (folder / MANIFEST).read_bytes()
    if not hmac.compare_digest((folder / SIGNATURE).read_bytes(), _sign(signed, key)):
        raise BundleRefusedError(f"{folder.name}: the signature of {MANIFEST} is not ours")
    manifest = json.loads(signed)
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise BundleRefusedError(f"{folder.name}: schema version {manifest['schema_version']!r}, not {SCHEMA_VERSION}")
    if manifest["version"] != folder.name:
        raise BundleRefusedError(f"{folder.name}: the manifest names version {manifest['version']!r}")
    contents = _verified_contents(folder, manifest["sha256"])
    churn = json.loads(contents["churn.json"])
    bundle = Bundle(
        version=folder.name,
        manifest=manifest,
        churn=ChurnModel.from_json(churn["by_id"]),
        feature_only=FeatureOnlyModel.from_json(churn["feature_only"]),
        segments=SegmentModel.from_json(json.loads(contents["segments.json"])),
        reference=Reference.from_json(json.loads(contents[REFERENCE])),
    )
    _check_features(bundle)
    _check_golden(bundle)
    return bundle


def _sign(content: bytes, key: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).hexdigest().encode() + b"\n"


def _verified_contents(folder: Path, hashes: dict[str, str]) -> dict[str, bytes]:
    """Return the bytes of the JSON files, the same bytes that were hashed.

    Other files, such as plots and pipelines of several MB, are hashed one by one and not kept.
    """
    _check_files(folder, {MANIFEST, SIGNATURE, *hashes})
    contents = {}
    for name, sha256 in hashes.items():
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BundleRefusedError(f"{folder.name}: the content of {name} is not what was published")
        if name.endswith(".json"):
            contents[name] = content
    return contents


def _check_files(folder: Path, published: Collection[str]) -> None:
    """Refuse unpublished files, and anything that is neither file nor folder: reading a pipe would never end."""
    folders = {parent.as_posix() for name in published for parent in PurePosixPath(name).parents}
    modes = {path.relative_to(folder).as_posix(): path.lstat().st_mode for path in folder.rglob("*")}
    unknown = sorted(name for name, mode in modes.items() if name not in (folders if stat.S_ISDIR(mode) else published))
    if unknown:
        raise BundleRefusedError(f"{folder.name}: not published with this version: {', '.join(unknown)}")
    strange = sorted(name for name, mode in modes.items() if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)))
    if strange:
        raise BundleRefusedError(f"{folder.name}: neither a file nor a folder: {', '.join(strange)}")


def _check_features(bundle: Bundle) -> None:
    if list(bundle.churn.features) != bundle.manifest["features"]:
        raise BundleRefusedError(f"{bundle.version}: the model's features differ from the manifest's, or in order")
    needed = {*bundle.churn.features, *bundle.feature_only.formula.features}
    unknown = needed - set(pipelines.FEATURES)
    if unknown:
        raise BundleRefusedError(f"{bundle.version}: this build does not know the features {sorted(unknown)}")
    unranked = needed - bundle.reference.percentiles.keys()
    if unranked:
        raise BundleRefusedError(f"{bundle.version}: {REFERENCE} has no percentiles for {sorted(unranked)}")
    bundle.feature_only.check_assumptions()


def _check_golden(bundle: Bundle) -> None:
    golden = bundle.manifest["golden_predictions"]
    if not golden:
        raise BundleRefusedError(f"{bundle.version}: the manifest has no golden predictions")
    for case in golden:
        probability, cluster = score(bundle, case["features"])
        # `not … <=` and no `>`, to refuse NaN too: every comparison with it is false.
        if not math.fabs(probability - case["churn_probability"]) <= GOLDEN_TOLERANCE or cluster != case["cluster"]:
            raise BundleRefusedError(
                f"{bundle.version}: golden prediction {case['churn_probability']!r}, cluster {case['cluster']}, "
                f"is computed as {probability!r}, cluster {cluster}"
            )


def score(bundle: Bundle, features: Mapping[str, float]) -> tuple[float, int]:
    """Return a customer's churn probability and cluster."""
    return bundle.churn.probability(features), bundle.segments.of(features).cluster
