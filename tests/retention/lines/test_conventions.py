"""Generated columns of dates and numbers: none is guessed wrong, ambiguous ones are refused with both readings."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import pytest

from retention.errors import BadDataError
from retention.lines.dates import DateEvidence, DateFormat
from retention.lines.numbers import NumberEvidence, NumberFormat, decide

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS: Final = range(150)  # a column of dates and one of numbers each

_NAMES: Final = """
German Januar Februar März April Mai Juni Juli August September Oktober November Dezember
French janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.
Spanish enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
Italian gen feb mar apr mag giu lug ago set ott nov dic
Dutch jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.
Portuguese janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
"""
MONTHS: Final = {language: names for language, *names in map(str.split, _NAMES.strip().splitlines())}
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _half_past(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def _serial(at: datetime) -> str:
    return f"{(at - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.5f}"


# How a date is written, and to what precision in seconds.
DATES: Final[dict[str, Callable[[datetime], str]]] = {
    "ISO": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "ISO, T and fractions": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.123456Z",
    "an offset after a blank": lambda at: f"{at.astimezone(timezone(timedelta(hours=-5))):%Y-%m-%d %H:%M:%S %z}",
    "the word UTC": lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
    "day first, slashes": lambda at: f"{at:%d/%m/%Y %H:%M:%S}",
    "day first, points": lambda at: f"{at.day}.{at.month}.{at:%Y %H:%M:%S}",
    "month first": lambda at: f"{at.month}/{at.day}/{at:%Y %H:%M:%S}",
    "month first, AM and PM": lambda at: f"{at:%m/%d/%Y} {_half_past(at)}",
    "day first, short year": lambda at: f"{at:%d/%m/%y %H:%M:%S}",
    "month first, short year": lambda at: f"{at:%m/%d/%y %H:%M:%S}",
    "year first, short year": lambda at: f"{at:%y-%m-%d %H:%M:%S}",
    "English": lambda at: f"{at:%b} {at.day}, {at:%Y} {_half_past(at)}",
    "English, weekday": lambda at: f"{_WEEKDAYS[at.weekday()]}, {at:%d %b %Y %H:%M:%S} +0000",
    "Oracle": lambda at: f"{at:%d-%b-%y %H:%M:%S}".upper(),
    "German": lambda at: f"{at.day}. {MONTHS['German'][at.month - 1]} {at:%Y %H:%M:%S}",
    "French": lambda at: f"{at.day} {MONTHS['French'][at.month - 1]} {at:%Y à %H:%M:%S}",
    "Spanish": lambda at: f"{at.day} de {MONTHS['Spanish'][at.month - 1]} de {at:%Y %H:%M:%S}",
    "Italian": lambda at: f"{at.day} {MONTHS['Italian'][at.month - 1]} {at:%Y %H:%M:%S}",
    "Dutch": lambda at: f"{at.day} {MONTHS['Dutch'][at.month - 1]} {at:%Y %H:%M:%S}",
    "Portuguese": lambda at: f"{at.day} de {MONTHS['Portuguese'][at.month - 1]} de {at:%Y %H:%M:%S}",
    "compact": lambda at: f"{at:%Y%m%d%H%M%S}",
    "compact, T": lambda at: f"{at:%Y%m%dT%H%M%SZ}",
    "serials": _serial,
}


def _grouped(number: float, decimals: int, group: str, point: str) -> str:
    return f"{number:,.{decimals}f}".replace(",", "_").replace(".", point).replace("_", group)


# How a number is written: with its sign, its groups and its decimals.
NUMBERS: Final[dict[str, Callable[[float, int], str]]] = {
    "plain": lambda number, decimals: f"{number:.{decimals}f}",
    "comma": lambda number, decimals: f"{number:.{decimals}f}".replace(".", ","),
    "English": lambda number, decimals: _grouped(number, decimals, ",", "."),
    "German": lambda number, decimals: _grouped(number, decimals, ".", ","),
    "French": lambda number, decimals: _grouped(number, decimals, "\u202f", ",") + " €",
    "Swiss": lambda number, decimals: "CHF " + _grouped(number, decimals, "’", "."),
    "dollars": lambda number, decimals: ("-" if number < 0 else "") + "$" + _grouped(abs(number), decimals, ",", "."),
    "dollars, minus inside": lambda number, decimals: "$" + _grouped(number, decimals, ",", "."),
    "accounts": lambda number, decimals: (
        f"({_grouped(-number, decimals, ',', '.')})" if number < 0 else _grouped(number, decimals, ",", ".")
    ),
    "minus behind": lambda number, decimals: (
        f"{_grouped(-number, decimals, '.', ',')}-" if number < 0 else _grouped(number, decimals, ".", ",")
    ),
}


def _instants(numbers: random.Random) -> list[datetime]:
    """Return up to 60 instants of one or two years: sometimes a few, sometimes none after the 12th of its month."""
    start, days = datetime(2024, 1, 1, tzinfo=UTC), numbers.choice([30, 365, 700])
    found = [
        start + timedelta(days=numbers.randrange(days), seconds=numbers.randrange(86_400))
        for _ in range(numbers.choice([1, 2, 5, 60]))
    ]
    return [at.replace(day=(at.day - 1) % 12 + 1) for at in found] if numbers.random() < 0.5 else found


def _format_or_message(evidence: DateEvidence) -> DateFormat | str:
    try:
        return evidence.format()
    except BadDataError as refused:
        return str(refused)


def _numbers_or_message(evidence: NumberEvidence) -> NumberFormat | str:
    try:
        return decide({"UnitPrice": evidence})["UnitPrice"]
    except BadDataError as refused:
        return str(refused)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_column_of_dates_is_read_right_or_refused_with_both_readings(seed: int) -> None:
    numbers = random.Random(seed)  # noqa: S311 - examples
    instants = _instants(numbers)
    written = [*DATES.values()][seed % len(DATES)]
    texts = [written(at) for at in instants]
    evidence = DateEvidence()
    evidence.add(texts)
    found = _format_or_message(evidence)
    if isinstance(found, str):
        assert _is_ambiguous(texts)
        assert re.search(r" first \(\d.* or \d.*choose with --dates ... or --dates", found)
        assert any(f"{at.day} {at:%B} {at:%Y}" in found for at in instants)
        return
    read = [found.parse(text) for text in texts]
    assert [at and at.replace(tzinfo=at.tzinfo or UTC) for at in read] == instants


def _is_ambiguous(texts: list[str]) -> bool:
    """Whether two orders read every text, and not as the same instants."""
    read = [[DateFormat(order).parse(text) for text in texts] for order in ("ymd", "dmy", "mdy")]
    readings = {tuple(map(str, instants)) for instants in read if None not in instants}
    return len(readings) > 1


def _amounts(numbers: random.Random) -> tuple[list[float], int]:
    decimals = numbers.choice([0, 0, 1, 2, 2, 3, 3])
    most = numbers.choice([10, 900, 5_000, 90_000])
    count = numbers.choice([1, 2, 5, 60])
    return [round(numbers.uniform(-most / 4, most), decimals) for _ in range(count)], decimals


@pytest.mark.parametrize("seed", SEEDS)
def test_a_column_of_numbers_is_read_right_or_refused_with_both_readings(seed: int) -> None:
    numbers = random.Random(1_000 + seed)  # noqa: S311 - examples
    amounts, decimals = _amounts(numbers)
    written = [*NUMBERS.values()][seed % len(NUMBERS)]
    texts = [written(amount, decimals) for amount in amounts]
    evidence = NumberEvidence()
    evidence.add(texts)
    found = _numbers_or_message(evidence)
    if isinstance(found, str):
        assert len({tuple(NumberFormat(mark).parse(text) for text in texts) for mark in ".,"}) == 2
        both = re.search(r"may be (\S+) or (\S+), .*--decimal \. \(\1\) or --decimal , \(\2\)", found)
        assert both
        assert {float(both[1]), float(both[2])} & set(amounts)
        return
    assert [found.parse(text) for text in texts] == amounts


def test_most_columns_are_decided_and_some_are_ambiguous() -> None:
    dates, numbers = [], []
    for seed in SEEDS:
        one, other = DateEvidence(), NumberEvidence()
        one.add([*DATES.values()][seed % len(DATES)](at) for at in _instants(random.Random(seed)))  # noqa: S311
        amounts, decimals = _amounts(random.Random(1_000 + seed))  # noqa: S311
        other.add([*NUMBERS.values()][seed % len(NUMBERS)](amount, decimals) for amount in amounts)
        dates.append(_format_or_message(one))
        numbers.append(_numbers_or_message(other))
    assert 5 <= sum(isinstance(found, str) for found in dates) <= 40
    assert 5 <= sum(isinstance(found, str) for found in numbers) <= 40
