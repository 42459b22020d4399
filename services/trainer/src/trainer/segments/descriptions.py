"""The segment descriptions: name, typical centroid, action and offer. A YAML file people edit, checked before a fit."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DEFAULT_SEGMENTS: Final = 4
SEGMENTS: Final = range(2, 10)
DIMENSIONS: Final = ("recency", "frequency", "monetary")
TEXTS: Final = ("segment", "action", "offer")
MAX_DISTANCE: Final = 5.0  # standard deviations from the average; no real segment is further away


class Description(NamedTuple):
    """One entry: name, typical centroid (recency, frequency, monetary as in the file), action and offer."""

    segment: str
    like: tuple[float, float, float]
    action: str
    offer: str


def read_descriptions(segments: int = DEFAULT_SEGMENTS, path: Path | None = None) -> tuple[Description, ...]:
    """Return the first `segments` entries of `path`, by default of `segments.yaml` beside this module.

    BadConfigurationError lists every wrong entry and field of the whole file in one message.
    """
    if segments not in SEGMENTS:
        raise BadConfigurationError(f"SEGMENTS must be from {SEGMENTS[0]} to {SEGMENTS[-1]}, not {segments}")
    name = str(path or "segments.yaml")
    entries = _load(path, name)
    problems = [*_problems(entries)]
    if problems:
        raise BadConfigurationError(f"{name}: " + "; ".join(problems))
    if len(entries) < segments:
        raise BadConfigurationError(
            f"{name}: {len(entries)} entries for {segments} segments: add entries or lower SEGMENTS"
        )
    return tuple(_description(entry) for entry in entries[:segments])


def fingerprint(descriptions: Sequence[Description]) -> str:
    """Return a hash of all descriptions: it changes with their number or any field."""
    return hashlib.sha256(repr(descriptions).encode()).hexdigest()


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text: an offer called `No` or `2024-13-45` stays what it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own
        """Refuse a duplicate key: a forgotten dash would silently merge two entries."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            keys = [key.value for key, _ in node.value]
            duplicate = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(
                None, None, f"duplicate {duplicate!r} in one entry", node.start_mark
            )
        return mapping


def _load(path: Path | None, name: str) -> list[Any]:
    try:
        text = (path or files("trainer.segments").joinpath("segments.yaml")).read_text("utf-8")
        loader = _Loader(text)
        content = loader.get_single_data()
    except OSError as error:
        raise BadConfigurationError(f"cannot read {name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadConfigurationError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, list):
        raise BadConfigurationError(f"{name} is not a list of entries, each with {', '.join(Description._fields)}")
    return content


def _problems(entries: list[Any]) -> Iterator[str]:
    seen: dict[object, int] = {}
    for number, entry in enumerate(entries, 1):
        found = [*_entry_problems(entry)] or [*_repetitions(_description(entry), number, seen)]
        called = f" ({entry['segment']})" if isinstance(entry, dict) and entry.get("segment") else ""
        yield from (f"entry {number}{called}: {problem}" for problem in found)


def _repetitions(description: Description, number: int, seen: dict[object, int]) -> Iterator[str]:
    for field, value in (("segment", description.segment.casefold()), ("like", description.like)):
        first = seen.setdefault(value, number)
        if first != number:
            yield f"{field} repeats entry {first}"


def _entry_problems(entry: object) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"is not a mapping of {', '.join(Description._fields)}"
        return
    yield from _key_problems(entry, Description._fields, "")
    yield from (
        f"{field} is empty or not text"
        for field in TEXTS
        if field in entry and not (isinstance(entry[field], str) and entry[field].strip())
    )
    if "like" in entry:
        yield from _like_problems(entry["like"])


def _like_problems(like: object) -> Iterator[str]:
    if not isinstance(like, dict):
        yield f"like is not a mapping of {', '.join(DIMENSIONS)}"
        return
    yield from _key_problems(like, DIMENSIONS, "like.")
    for dimension in DIMENSIONS:
        if dimension in like and not _is_distance(like[dimension]):
            yield f"like.{dimension} is not a number from {-MAX_DISTANCE} to {MAX_DISTANCE}: {like[dimension]!r:.40}"


def _key_problems(found: dict[Any, Any], wanted: tuple[str, ...], prefix: str) -> Iterator[str]:
    yield from (f"{prefix}{key} is missing" for key in wanted if key not in found)
    yield from (f"{prefix}{key} is unknown" for key in found if key not in wanted)


def _is_distance(text: object) -> bool:
    try:
        return isinstance(text, str) and -MAX_DISTANCE <= float(text) <= MAX_DISTANCE  # false for nan
    except ValueError:
        return False


def _description(entry: dict[str, Any]) -> Description:
    recency, frequency, monetary = (float(entry["like"][dimension]) for dimension in DIMENSIONS)
    segment, action, offer = (entry[field].strip() for field in TEXTS)
    return Description(segment, (recency, frequency, monetary), action, offer)
