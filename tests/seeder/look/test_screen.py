"""The screen of `seeder look`, as a shopkeeper sees it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from look_samples import feed_of, shop, trading, with_people

from seeder.look.people import NOBODY, person
from seeder.look.plausibility import judge_file
from seeder.look.profile import Day, Profile
from seeder.look.reconciliation import Reconciliation
from seeder.look.screen import LINES, WIDTH, Look, Shown, screen

GOLDEN = Path(__file__).parent / "screen.txt"


def shopify(orders: int = 400, days: int = 200) -> Look:
    profile, reconciliation = Profile(), Reconciliation()
    feed, shown = feed_of(profile, reconciliation), []
    for row, order in enumerate(shop(orders, days), 1):
        feed.add(order, row)
        who = person(order.lines[0][6]) if order.lines[0][6] else NOBODY
        value = sum(one[3] * one[5] for one in order.lines)
        note = order.state or ""
        day = date.fromisoformat(order.lines[0][4])
        shown.append(Shown(str(order.invoice), day, who, len(order.lines), value, order.currency, note))
    profile.rejected("InvoiceDate_unreadable", 17, "31/31/2025", 12)
    profile.sold(date(2027, 1, 1), Day(2, 1, 28.0))
    return Look(
        file="orders_export.csv",
        description="CSV, UTF-8",
        rows=812,
        title="Shopify orders export",
        why=["Name", "Financial Status", "Lineitem name", "Lineitem price"],
        reading=["dates year first", "decimal point", "times of America/New_York"],
        currency="USD",
        shown=shown[7:12],
        profile=profile,
        judged=judge_file(profile, currency="USD", passed_over=["Duties", "Tip"], whole_orders=True),
        difference=reconciliation.difference(),
        command="python -m seeder load orders_export.csv",
    )


def bare(profile: Profile, **changes: Any) -> Look:
    look = Look(
        "lines.csv", "CSV", profile.rows, "line feed", [], [], "GBP", [], profile,
        judge_file(profile, currency="GBP"), None, "python -m seeder load lines.csv",
    )  # fmt: skip
    return look._replace(**changes)


def test_the_screen_is_the_recorded_one() -> None:
    assert "\n".join(screen(shopify())) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("days", [20, 200, 2_000])
def test_the_screen_fits_a_terminal_of_40_lines(days: int) -> None:
    lines = screen(shopify(days=days))
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


def test_a_plain_file_has_a_short_screen() -> None:
    lines = screen(bare(with_people(trading((date(2025, 1, 1), 59, 10)), 100)))
    assert "Every line can be loaded" in lines
    assert "590 orders, 1 Jan 2025 to 28 Feb 2025" in lines
    assert len(lines) < 20


def test_a_file_in_which_nothing_was_understood_says_so() -> None:
    profile = Profile()
    profile.rejected("InvoiceDate_unreadable", 1, "maya@fernhill.example\x1b[2J", 3)
    text = "\n".join(screen(bare(profile)))
    assert "No order was understood" in text
    assert "To quarantine: 3 lines" in text
    assert "maya" not in text
    assert "\x1b" not in text


def test_a_screen_that_asks_says_where() -> None:
    profile = with_people(trading((date(2025, 1, 1), 59, 10)), 100)
    profile.rejected("InvoiceDate_unreadable", 1, "?", 100)
    lines = screen(bare(profile))
    assert lines[-2] == "Nothing was written. The load asks about the lines with ?. To load:"
    assert any(line.startswith("? 100 of 1,280 rows (7.8%) put aside") for line in lines)


def test_remarks_that_find_no_room_are_counted() -> None:
    look = shopify(days=2_000)
    remarks = [look.judged.findings[0]] * 30
    lines = screen(look._replace(judged=look.judged._replace(findings=remarks)))
    assert len(lines) <= LINES
    assert any(line.startswith("- ") and line.endswith("more remarks in the load") for line in lines)
