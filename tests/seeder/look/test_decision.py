"""Whether a load goes on."""

from __future__ import annotations

import pytest

from retention.errors import BadDataError
from seeder.look.decision import decide
from seeder.look.plausibility import Finding

SAID = Finding("price", "said", "median price 14.00")
ASKS = Finding("put_aside", "asks", "300 of 9,400 rows put aside")
OPTION = Finding("again", "asks", "1 order comes again: --replace-orders", by_yes=False)


def test_what_is_only_said_stops_nothing() -> None:
    decide([SAID], yes=False, ask=None)


def test_without_a_terminal_a_question_is_a_refusal_that_names_yes() -> None:
    with pytest.raises(
        BadDataError, match=r"nothing was loaded: 300 of 9,400 rows put aside · .* add --yes"
    ) as refused:
        decide([SAID, ASKS], yes=False, ask=None)
    assert refused.value.exit_code == 65


def test_yes_goes_on() -> None:
    decide([ASKS], yes=True, ask=None)


@pytest.mark.parametrize("answer", ["y", " Yes "])
def test_on_a_terminal_the_answer_decides(answer: str) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return answer

    decide([SAID, ASKS], yes=False, ask=ask)
    assert asked == ["  ? 300 of 9,400 rows put aside\nLoad it all the same? [y/N] "]


@pytest.mark.parametrize("answer", ["", "n", "what?"])
def test_any_other_answer_loads_nothing(answer: str) -> None:
    with pytest.raises(BadDataError, match="nothing was loaded, as you decided"):
        decide([ASKS], yes=False, ask=lambda _: answer)


def test_yes_is_no_answer_where_an_option_is_needed() -> None:
    with pytest.raises(BadDataError, match=r"--replace-orders$"):
        decide([OPTION], yes=True, ask=lambda _: "y")
