"""What is odd about a file, one line each: said, or asked before anything is written."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from seeder.look.gaps import Gap, judge
from seeder.look.months import jumps
from seeder.look.people import Person, masked
from seeder.look.profile import letter_of
from seeder.look.wording import amount, count, day, listed, month, percent, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from seeder.look.profile import Day, Profile

MIN_ROWS: Final = 1_000  # below either of the two, shares and factors are said and never asked
MIN_PEOPLE: Final = 100
MIN_NAMELESS: Final = 5  # orders; a day's file of a few guests is no mistake
FEW_ROWS: Final = 100  # below either of these two, a month or one customer's share is chance, and not worth a word
FEW_PEOPLE: Final = 20
MOST_OF_FEW: Final = 0.5  # … unless one customer has more than this share, and at least FEW_ORDERS
FEW_ORDERS: Final = 5
MAX_PUT_ASIDE: Final = 0.02
MAX_CANCELLED: Final = 0.05
MAX_OF_ONE: Final = 0.2
MAX_NAMED: Final = 6
_FULL_NAME: Final = re.compile(r"[^\W\d_]+\.?(?:[ '’-]+[^\W\d_]+\.?)*(?: [^\W\d_]+\.?|, ?[^\W\d_]+\.?)")

Severity: TypeAlias = Literal["said", "asks"]
Topic: TypeAlias = Literal[
    "dates", "columns", "put_aside", "cancelled", "months", "one_customer", "again", "price", "people"
]


class Finding(NamedTuple):
    """One line for a person. `asks` wants an answer before the load; `by_yes`: whether --yes is one."""

    topic: Topic
    severity: Severity
    text: str
    by_yes: bool = True


class Judged(NamedTuple):
    """The findings of a file, and where its dates end."""

    findings: list[Finding]
    cut: date | None  # lines of this day of the shop and later are quarantined as `implausible_date`
    cut_lines: int
    days: dict[date, Day]  # before the cut


def judge_file(
    profile: Profile,
    *,
    currency: str | None,
    passed_over: Sequence[str] = (),
    latest: date | None = None,
    whole_orders: bool = False,
    orders_may_come_again: bool = False,
    names: bool = False,
    maybe_quantities: Sequence[str] = (),
) -> Judged:
    """Return what is odd about a file.

    `latest` is the day of --latest, which decides the dates. `whole_orders` says that an order which comes again
    replaces; `orders_may_come_again`, that --replace-orders or --add-lines was given. `names` says that the people are
    those of a column whose header alone says what it holds, so that it may hold names. `maybe_quantities` are unread
    columns that may be the quantity of a file without one.
    """
    large = profile.rows >= MIN_ROWS and profile.people.count >= MIN_PEOPLE
    enough = profile.rows >= FEW_ROWS and profile.people.count >= FEW_PEOPLE
    cut, dated = _dates(profile, latest, large=large)
    days = {at: sums for at, sums in profile.days.items() if cut is None or at < cut}
    found = [
        *dated,
        *_people(profile, names=names),
        *_quantities(maybe_quantities),
        *_passed_over(passed_over),
        *_put_aside(profile, large=large),
        *_cancelled(profile, large=large),
        *_months(days, currency, enough=enough, large=large),
        *_one_customer(profile, enough=enough, large=large),
        *_come_again(profile, whole_orders=whole_orders, allowed=orders_may_come_again),
        *_price(profile, currency),
    ]
    lines = sum(sums.lines for at, sums in profile.days.items() if cut and at >= cut)
    return Judged(sorted(found, key=lambda finding: finding.severity), cut, lines, days)


def _asks(*, when: bool) -> Severity:
    return "asks" if when else "said"


def _dates(profile: Profile, latest: date | None, *, large: bool) -> tuple[date | None, list[Finding]]:
    """Return the first day that is not accepted, and what is said about dates. A gap counts in a file of any size."""
    if latest:
        late = sum(sums.lines for at, sums in profile.days.items() if at > latest)
        said = f"{count(late, 'line')} dated after {day(latest)} (--latest): quarantined as implausible_date"
        return latest + timedelta(days=1), [Finding("dates", "said", said)] if late else []
    verdict, last = judge(profile.days), max(profile.days, default=None)
    found = []
    if gap := verdict.mistyped:
        text = f"{_after(gap)}: quarantined as mistyped (implausible_date)"
        found.append(Finding("dates", "said", f"{text}; if the dates are right, --latest {last}"))
        last = gap.before
    if gap := verdict.doubtful:
        text = f"{_after(gap)}: too many for a slip, too few to be sure"
        decides = f"if the dates are right, --latest {last}; if they are wrong, --latest {gap.before}"
        found.append(Finding("dates", "asks", f"{text}; {decides}"))
    if gap := verdict.pause:
        text = f"nothing was sold for {gap.days:,} days, from {day(gap.before)} to {day(gap.after)}; then {_sold(gap)}"
        found.append(Finding("dates", _asks(when=large), f"{text}: is an export missing? If not, --latest {last}"))
    return verdict.mistyped.after if verdict.mistyped else None, found


def _after(gap: Gap) -> str:
    late = f"dated {day(gap.after)} or later"
    return f"{count(gap.lines, 'line')} ({_sold(gap)}) {late}, {gap.days:,} days after all others ({day(gap.before)})"


def _sold(gap: Gap) -> str:
    return count(gap.orders, "order")


def _people(profile: Profile, *, names: bool) -> Iterator[Finding]:
    """Yield what is wrong with the people of a file: nobody, or names."""
    if not profile.people.kept and profile.lines:
        text = "no order names a customer: export the customers' e-mail or id too, or name its column with --map"
        yield Finding("people", _asks(when=profile.invoices.count >= MIN_NAMELESS), text)
    if names and _are_names(list(profile.people.kept)):
        text = "customers are given by name, and names are no ids, as two people share one"
        yield Finding("people", "asks", f"{text}: export their e-mail or id too, or name its column with --map")


def _are_names(people: Sequence[str]) -> bool:
    return sum(_FULL_NAME.fullmatch(text) is not None for text in people) * 2 > len(people)


def _quantities(columns: Sequence[str]) -> Iterator[Finding]:
    if columns:
        named = listed([f'"{name}"' for name in columns], MAX_NAMED)
        text = f"no column is known as the quantity, so each row counts as one piece, but {named} may be it"
        yield Finding("columns", "asks", f"{text}: rename it to Quantity, or name it with --map")


def _passed_over(columns: Sequence[str]) -> Iterator[Finding]:
    if columns:
        names = listed([f'"{name}"' for name in columns], MAX_NAMED)
        yield Finding("columns", "said", f"columns passed over: {names} (--map names one that counts)")


def _put_aside(profile: Profile, *, large: bool) -> Iterator[Finding]:
    rows = profile.put_aside.total()
    if not rows:
        return
    share = rows / profile.rows
    reasons = listed([f"{reason(code)} {many:,}" for code, many in profile.put_aside.most_common()], 3)
    option = "; --rates converts" if profile.put_aside["other_currency"] else ""
    first = next((example.row for example in profile.examples if example.row), None)
    where = f", first in row {first:,}" if first else ""
    text = f"{rows:,} of {count(profile.rows, 'row')} ({percent(share)}) put aside: {reasons}{where}{option}"
    yield Finding("put_aside", _asks(when=large and share > MAX_PUT_ASIDE), text)


def _cancelled(profile: Profile, *, large: bool) -> Iterator[Finding]:
    if not profile.cancelled_letter:
        return
    positive = [number for number, invoice in profile.invoices.kept.items() if not invoice.negative]
    taken = [number for number in positive if letter_of(number) == profile.cancelled_letter]
    if not taken:
        return
    share = len(taken) / len(positive)
    text = (
        f"{percent(share)} of the invoices with positive quantities are taken for cancellations, as they begin with "
        f"{profile.cancelled_letter} ({listed(taken, 2)}); if they are orders, --cancelled-prefix ''"
    )
    yield Finding("cancelled", _asks(when=large and share > MAX_CANCELLED), text)


def _months(days: dict[date, Day], currency: str | None, *, enough: bool, large: bool) -> Iterator[Finding]:
    found = jumps(days) if enough else []
    if not found:
        return
    first = found[0]
    against = f"{amount(first.usual, currency)} in the months before"
    others = f"; as far off: {listed([month(jump.month) for jump in found[1:]], 3)}" if found[1:] else ""
    text = f"revenue in {month(first.month)} is {amount(first.revenue, currency)}, against {against}{others}"
    yield Finding(
        "months", _asks(when=large), f"{text}; right if you expect it, otherwise look at prices and missing rows"
    )


def _one_customer(profile: Profile, *, enough: bool, large: bool) -> Iterator[Finding]:
    kept = [
        (number, invoice)
        for number, invoice in profile.invoices.kept.items()
        if not invoice.negative and letter_of(number) != (profile.cancelled_letter or None)
    ]
    orders = Counter[Person](invoice.who for _, invoice in kept if invoice.who.text)
    if not orders or profile.people.count == 1:
        return
    (who, most), share = orders.most_common(1)[0], orders.most_common(1)[0][1] / len(kept)
    if (share > MAX_OF_ONE and enough) or (share > MOST_OF_FEW and most >= FEW_ORDERS):
        text = f"{percent(share)} of all orders are those of one customer, {masked(who)}: a till or walk-in account?"
        yield Finding(
            "one_customer", _asks(when=large), f"{text} If so, empty that id in the file, so that they are nobody's"
        )


def _come_again(profile: Profile, *, whole_orders: bool, allowed: bool) -> Iterator[Finding]:
    if not profile.again:
        return
    comes = "order comes" if profile.again == 1 else "orders come"
    text = f"{profile.again:,} {comes} again with other lines: {'; '.join(profile.again_examples)}"
    if whole_orders:
        yield Finding("again", "said", f"{text}; the newer export replaces the older")
    elif allowed:
        yield Finding("again", "said", text)
    else:
        yield Finding(
            "again", "asks", f"{text}; --replace-orders takes the new lines, --add-lines keeps both", by_yes=False
        )


def _price(profile: Profile, currency: str | None) -> Iterator[Finding]:
    price = profile.prices.median()
    if price is not None:
        text = f"median price {amount(price, currency)}: if that is in cents, divide all prices by 100"
        yield Finding("price", "said", text)
