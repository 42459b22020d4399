"""Zones are known by the names that shops use, and by the offsets of a whole file."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from retention.lines.zone_names import ZONES
from retention.lines.zones import zone_named, zone_of_offsets


@pytest.mark.parametrize(
    ("name", "key"),
    [("Eastern Time (US & Canada)", "America/New_York"), ("pacific time (us & canada)", "America/Los_Angeles"),
     ("London", "Europe/London"), ("GMT Standard Time", "Europe/London"), ("europe/berlin", "Europe/Berlin"),
     ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"), (" UTC ", "UTC"),
     ("UTC+2", "Etc/GMT-2"), ("-05:00", "Etc/GMT+5"), ("Brasilia", "America/Sao_Paulo")],
)  # fmt: skip
def test_a_zone_is_found_by_its_name(name: str, key: str) -> None:
    zone = zone_named(name)
    assert zone is not None
    assert zone.key == key


@pytest.mark.parametrize(
    "name", ["", "Mars", "../../etc/passwd", "/etc/localtime", "Factory", "UTC+99", "\0", "Europe"]
)
def test_an_unknown_name_is_no_zone(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize("name", ZONES)
def test_every_name_has_its_zone(name: str) -> None:
    assert zone_named(name) is not None


def hours(**days: list[str]) -> dict[timedelta, list[date]]:
    return {timedelta(hours=int(key[1:]) * (-1 if key[0] == "m" else 1)): [*map(date.fromisoformat, some)]
            for key, some in days.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("offsets", "name"),
    [
        (hours(m5=["2025-01-10", "2025-07-10"]), "Etc/GMT+5"),
        (hours(p2=["2025-01-10", "2025-07-10"]), "Etc/GMT-2"),
        (hours(p0=["2025-01-10"]), "UTC"),
        ({timedelta(hours=5, minutes=30): [date(2025, 1, 1)]}, "Asia/Kolkata"),
        ({timedelta(hours=5, minutes=17): [date(2025, 1, 1)]}, None),
        (hours(m5=["2025-01-10", "2025-03-09"], m4=["2025-03-09", "2025-07-10"]), "America/New_York"),
        (hours(m8=["2025-01-10"], m7=["2025-07-10"]), "America/Los_Angeles"),
        (hours(p0=["2025-01-10"], p1=["2025-07-10"]), "Europe/London"),
        (hours(p1=["2025-01-10", "2025-03-15"], p2=["2025-07-10"]), "Europe/Berlin"),
        (hours(p11=["2025-01-10"], p10=["2025-07-10"]), "Australia/Sydney"),
        (hours(p2=["2025-01-10"], p1=["2025-07-10"]), None),
        (hours(p2=["2025-01-10"], m5=["2025-07-10"]), None),
        (hours(p0=["2025-01-10"], p1=["2025-07-10"], p2=["2025-07-11"]), None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_zone_is_found_by_its_offsets(offsets: dict[timedelta, list[date]], name: str | None) -> None:
    assert zone_of_offsets(offsets) == name
