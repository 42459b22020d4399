"""The segment descriptions: read, checked whole, fingerprinted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from segment_samples import FOUR

from retention.errors import BadConfigurationError
from trainer.segments.descriptions import fingerprint, read_descriptions
from trainer.segments.fit import fit_segments

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def test_the_first_four_of_nine_descriptions_are_the_default() -> None:
    assert [description.segment for description in read_descriptions()] == FOUR
    nine = read_descriptions(9)
    assert nine[:4] == read_descriptions(4)
    assert len({(d.segment, d.action, d.offer) for d in nine}) == 9


def test_a_shop_can_define_its_own_segments(usual: pd.DataFrame, tmp_path: Path) -> None:
    path = write(tmp_path, entry(), entry(segment="' Away '", like="{recency: 1, frequency: -1, monetary: -1}"))
    fitted = fit_segments(usual, read_descriptions(2, path))
    assert fitted.names == ["No", "Away"]
    assert usual.Recency[fitted.clusters(usual) == 1].mean() > usual.Recency[fitted.clusters(usual) == 0].mean()


def entry(**changes: str) -> str:
    fields = {
        "segment": "No",  # a text, not a boolean
        "like": "{recency: -1, frequency: 1, monetary: 1}",
        "action": "2024-13-45",  # a text, not an impossible date
        "offer": "An offer",
        **changes,
    }
    return "- " + "\n  ".join(f"{name}: {value}" for name, value in fields.items() if value != "-") + "\n"


def write(folder: Path, *entries: str) -> Path:
    path = folder / "own.yaml"
    path.write_text("".join(entries), encoding="utf-8")
    return path


OTHER = entry(segment="Other", like="{recency: 1, frequency: -1, monetary: -1}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (entry(offer="-"), r"entry 1 \(No\): offer is missing"),
        (entry(discount="5"), r"entry 1 \(No\): discount is unknown"),
        (entry(action="''"), r"entry 1 \(No\): action is empty"),
        (entry(offer="[10, 20]"), r"entry 1 \(No\): offer is empty or not text"),
        (entry(like="-"), r"entry 1 \(No\): like is missing"),
        (entry(like="near"), r"entry 1 \(No\): like is not a mapping"),
        (entry(like="{recency: 1, frequency: 1}"), r"entry 1 \(No\): like.monetary is missing"),
        (entry(like="{recency: 1, frequency: 1, monetary: .nan}"), "like.monetary is not a number"),
        (entry(like="{recency: .inf, frequency: 1, monetary: 1}"), "like.recency is not a number"),
        (entry(like="{recency: nan, frequency: 1, monetary: 1}"), "like.recency is not a number"),
        (entry(like="{recency: 1, frequency: true, monetary: 1}"), "like.frequency is not a number"),
        (entry(like="{recency: 1, frequency: 99, monetary: 1}"), "like.frequency is not a number from -5.0 to 5.0"),
        (OTHER + OTHER.replace("1,", "2,"), r"entry 2 \(Other\): segment repeats entry 1"),
        (entry() + entry(segment="Same place"), r"entry 2 \(Same place\): like repeats entry 1"),
        (entry() + OTHER.replace("- ", "  ", 1), "duplicate 'segment' in one entry.* line 1"),  # a forgotten dash
        (entry(), "1 entries for 2 segments"),
        ("- text\n", "entry 1: is not a mapping"),
        ("", "is not a list"),
        ("segments: 4\n", "is not a list"),
        ("- [\n", "is not valid YAML"),
        ("[" * 5_000, "is not valid YAML"),
        ("- &a [*a]\n", "is not valid YAML"),
    ],
)
def test_an_invalid_file_is_refused_with_entry_and_field_in_one_message(
    tmp_path: Path, content: str, message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(BadConfigurationError, match=f"own.yaml.*{message}") as refused:
        read_descriptions(2, path)
    assert "\n" not in str(refused.value)


def test_all_problems_of_a_file_are_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(BadConfigurationError, match=r"entry 1 \(No\): offer.*; entry 2 \(Other\): action"):
        read_descriptions(2, write(tmp_path, entry(offer="''"), OTHER.replace("2024-13-45", "''")))


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(BadConfigurationError, match=f"cannot read {path}"):
            read_descriptions(2, path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\x00")
    with pytest.raises(BadConfigurationError, match="is not valid YAML"):
        read_descriptions(2, tmp_path / "binary.yaml")


@pytest.mark.parametrize("segments", [1, 10])
def test_fewer_than_two_segments_or_more_than_nine_are_refused(segments: int) -> None:
    with pytest.raises(BadConfigurationError, match="from 2 to 9"):
        read_descriptions(segments)


def test_the_fingerprint_changes_with_number_name_and_offer(tmp_path: Path) -> None:
    contents = (entry() + OTHER, entry() + OTHER.replace("An offer", "Another"), entry() + OTHER.replace("-1", "-2"))
    prints = [fingerprint(read_descriptions(2, write(tmp_path, content))) for content in contents]
    prints += [fingerprint(read_descriptions(segments)) for segments in (3, 4)]
    assert len(set(prints)) == 5
    assert fingerprint(read_descriptions(2, write(tmp_path, contents[0]))) == prints[0]
