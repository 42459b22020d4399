"""The screen of `seeder look`: what a file holds, in at most 40 lines of 80 columns, before anything is written."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.look.people import Person, masked, person
from seeder.look.profile import Day, by_month
from seeder.look.reconciliation import lines_of
from seeder.look.wording import amount, count, day, listed, month, percent, reason
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from seeder.look.plausibility import Judged
    from seeder.look.profile import Profile
    from seeder.look.reconciliation import Difference

WIDTH: Final = 80
LINES: Final = 40
MIN_MONTHS: Final = 4
MAX_MONTHS: Final = 13  # a year, and the same month of the year before
AROUND: Final = 2  # lines above and below the months
BAR: Final = 24
HEADERS: Final = 3
_WIDE: Final = 14  # of an invoice number
_WIDE_WHO: Final = 24


class Shown(NamedTuple):
    """One order as it was understood."""

    invoice: str
    day: date
    who: Person
    lines: int
    value: float  # in `currency`
    currency: str | None
    note: str = ""  # its state, when it does not stand: "cancelled"


class Look(NamedTuple):
    """Everything that the screen tells."""

    file: str
    description: str  # "CSV with ;, UTF-8"
    rows: int  # records of the file
    title: str  # of the format: "Shopify orders export"
    why: Sequence[str]  # the columns by which it was recognised
    reading: Sequence[str]  # how cells are read: "dates day first", "decimal comma", "sheet Orders"
    currency: str | None
    shown: Sequence[Shown]  # the first five orders
    profile: Profile
    judged: Judged
    difference: Difference | None  # from the file's own totals
    command: str  # that loads it; empty while it is being loaded


def screen(look: Look) -> list[str]:
    """Return the lines of the screen. Long lists are shortened: the months first, then the findings that only say."""
    head = [*_file(look), "", *_orders(look.shown), "", *_people(look), ""]
    tail = [*_totals(look), *_put_aside(look)]
    end = ["", *_command(look)] if look.command else []
    findings = _findings(look, LINES - len(head) - len(tail) - len(end) - MIN_MONTHS - AROUND)
    months = _months(look, LINES - len(head) - len(tail) - len(findings) - len(end) - AROUND)
    return [printable(line)[:WIDTH].rstrip() for line in [*head, *months, *tail, *findings, *end]]


def _file(look: Look) -> Iterator[str]:
    yield from _wrapped(f"{look.file}: {look.description}, {count(look.rows, 'row')}")
    why = f" (it has {listed(list(look.why), HEADERS)})" if look.why else ""
    yield from _wrapped(f"Format: {look.title}{why}")
    if look.reading:
        yield from _wrapped(f"Read with {', '.join(look.reading)}")


def _orders(shown: Sequence[Shown]) -> Iterator[str]:
    yield "The first orders, as we understand them" if shown else "No order was understood"
    invoices, people = [order.invoice[:_WIDE] for order in shown], [masked(order.who)[:_WIDE_WHO] for order in shown]
    for order, invoice, who in zip(shown, invoices, people, strict=True):
        cells = f"{invoice:<{max(map(len, invoices))}} {day(order.day):>11}  {who:<{max(map(len, people))}}"
        worth = f"{count(order.lines, 'line'):>10}{amount(order.value, order.currency):>14}"
        yield f"  {cells}{worth}  {order.note}".rstrip()


def _people(look: Look) -> Iterator[str]:
    profile, days = look.profile, look.judged.days
    orders = sum(sums.orders for sums in days.values())
    span = f", {day(min(days))} to {day(max(days))}" if days else ""
    yield f"{count(orders, 'order')}{span}"
    yield f"  customers   {_found(profile)}"
    if profile.states:
        yield from _wrapped(f"  not counted {_counts(profile.states)}", 14)
    if profile.other_currencies:
        yield from _wrapped(
            f"  currencies  {look.currency or 'the shop'}; not loaded: {_counts(profile.other_currencies)}", 14
        )


def _found(profile: Profile) -> str:
    """Return "1,180 by e-mail, 24 by number; 8.2% of orders name nobody (guests)"."""
    kept = list(profile.people.kept.values())
    scale = profile.people.count / len(kept) if kept else 0
    by = [f"{kept.count(how) * scale:,.0f} by {how}" for how in ("e-mail", "number", "text") if how in kept]
    invoices = [invoice for invoice in profile.invoices.kept.values() if not invoice.negative]
    nobody = sum(not invoice.who.text for invoice in invoices)
    guests = f"{percent(nobody / len(invoices))} of orders name nobody (guests)" if nobody else "every order names one"
    return f"{', '.join(by) or 'none'}; {guests}"


def _counts(counter: dict[str, int]) -> str:
    return ", ".join(f"{word} {many:,}" for word, many in sorted(counter.items(), key=lambda one: -one[1])[:6])


def _months(look: Look, most: int) -> Iterator[str]:
    months = by_month(look.judged.days)
    if not months:
        return
    stated = any(sums.stated for _, sums in months)
    most = max(MIN_MONTHS, min(MAX_MONTHS, most))
    earlier = months[: -(most - 1)] if len(months) > most else []
    shown = months[len(earlier) :]
    yield f"{'Revenue by month':<{BAR + 12}}{'sold':>14}{'returned':>14}{'file says' if stated else '':>14}"
    if earlier:
        yield _month(f"{len(earlier)} earlier", "", _sum([sums for _, sums in earlier]), look.currency, stated=stated)
    highest = max(sums.gross for _, sums in shown) or 1.0
    for first, sums in shown:
        bar = "█" * round(BAR * sums.gross / highest)
        yield _month(month(first), bar, sums, look.currency, stated=stated)
    if len(months) > 1:
        yield _month("together", "", _sum([sums for _, sums in months]), look.currency, stated=stated)


def _month(name: str, bar: str, sums: Day, currency: str | None, *, stated: bool) -> str:
    totals = [sums.gross, sums.returned, *([sums.stated] if stated else [])]
    return f"  {name:<10}{bar:<{BAR}}" + "".join(f"{amount(total, currency):>14}" for total in totals)


def _sum(days: Sequence[Day]) -> Day:
    total = Day()
    for sums in days:
        total.add(sums)
    return total


def _totals(look: Look) -> Iterator[str]:
    if look.difference is None:
        return
    first, *others = lines_of(look.difference, look.currency)
    yield from _wrapped(f"Check: {first}", 2)
    for line in others:
        yield from _wrapped(f"  {line}", 4)


def _put_aside(look: Look) -> Iterator[str]:
    profile, late = look.profile, look.judged.cut_lines
    rows = profile.put_aside.total() + late
    yield f"To quarantine: {count(rows, 'line')}" if rows else "Every line can be loaded"
    if late and look.judged.cut:
        yield f"  implausible date {late:,}, from {day(look.judged.cut)} on"
    for example in profile.examples:
        text = masked(person(example.text)) if "@" in example.text else example.text
        many = profile.put_aside[example.reason]
        yield f"  {reason(example.reason)} {many:,}, first in row {example.row:,}: {printable(text)[:30]}"


def _findings(look: Look, most: int) -> list[str]:
    """Return the findings; those that only say are left out where they would not fit, or are said above."""
    lines: list[str] = []
    left_out = 0
    for finding in look.judged.findings:
        asks = finding.severity == "asks"
        if finding.topic == "put_aside" and not asks:
            continue
        text = _wrapped(f"{'? ' if asks else '- '}{finding.text}", 2)
        if asks or len(lines) + len(text) < most:
            lines += text
        else:
            left_out += 1
    return [*lines, *([f"- {count(left_out, 'more remark')} in the load"] if left_out else [])]


def _command(look: Look) -> Iterator[str]:
    asks = any(finding.severity == "asks" for finding in look.judged.findings)
    yield (
        "Nothing was written. The load asks about the lines with ?. To load:"
        if asks
        else "Nothing was written. To load it:"
    )
    yield f"  {look.command}"


def _wrapped(text: str, indent: int = 2) -> list[str]:
    return wrap(printable(text), WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
