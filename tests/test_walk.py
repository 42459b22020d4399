"""The documentation names files that exist: in the walk, the README, the other pages and the decisions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = sorted([ROOT / "README.md", ROOT / "deploy" / "README.md", *ROOT.glob("docs/**/*.md")])
# The first folders of this repository: another `a/b` in backticks is a route, an image or a place on the VM.
OURS: Final = re.compile(r"(?:services|scripts|tests|deploy|docs|\.github)/[\w./-]*")
_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)#]+)(?:#[\w-]*)?\)|(?:src|srcset)=\"([^\"]+)\"")
_QUESTION: Final = re.compile(r"^## \d+\. .+\?$", re.MULTILINE)


def paths_in(text: str) -> set[str]:
    return {path for code in _CODE.findall(text) if (path := code.split()[0].rstrip(":,")) and OURS.fullmatch(path)}


def links_in(text: str) -> set[str]:
    return {link or source for link, source in _LINK.findall(text) if "://" not in link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = {path for path in paths_in(text) if not (ROOT / path).exists()}
    missing |= {target for target in links_in(text) if not (page.parent / target).exists()}
    assert not missing


def test_the_walk_answers_ten_questions_each_with_a_file() -> None:
    first, *answers = _QUESTION.split((ROOT / "docs" / "walk.md").read_text(encoding="utf-8"))
    assert first.startswith("# A walk through the code")
    assert len(answers) == 10
    assert all(paths_in(answer) for answer in answers)


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(file.name for file in folder.glob("0*.md"))
    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))
    assert links_in((folder / "README.md").read_text(encoding="utf-8")) == set(decisions)


def test_decisions_follow_one_template() -> None:
    for file in (ROOT / "docs" / "decisions").glob("0*.md"):
        text = file.read_text(encoding="utf-8")
        assert re.match(rf"# {file.name[:4]} .+\n\n\* Status: .+\n\* Date: \d{{4}}-\d\d-\d\d", text), file.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], file.name


def test_the_readme_begins_with_the_two_commands_that_do_everything() -> None:
    blocks = re.findall(
        r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert blocks[:2] == ["scripts/up\n", "scripts/test\n"]


def test_the_pictures_are_small_together() -> None:
    assert 0 < sum(file.stat().st_size for file in (ROOT / "docs" / "pictures").glob("*.png")) <= 1_000_000
