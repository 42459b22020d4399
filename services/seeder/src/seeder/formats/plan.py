"""What a format makes of one header: which columns it reads, and how their rows become lines or orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retention.lines.rules import Rejection

Picked: TypeAlias = "Sequence[Any]"  # the cells of one record, at `Plan.positions`
# The eight values of lines.rules.RULES, and the line's stated total (None: none). A line feed without totals gives the
# eight alone, as cells: they are the row itself where the file has all eight columns.
Line: TypeAlias = "tuple[Any, ...]"


class Stated(NamedTuple):
    """What a file states about a whole order, in the file's currency; None where it states nothing."""

    total: float | None = None  # what the customer paid
    subtotal: float | None = None  # of the lines, after discounts
    shipping: float | None = None
    tax: float | None = None
    discount: float | None = None
    refunded: float | None = None


class Order(NamedTuple):
    """One order of a file whose unit is the whole order: its lines, and its returns as lines of negative quantity."""

    invoice: Any
    lines: list[Line]
    state: str | None = None  # None: the order stands; otherwise "cancelled", "pending", … (formats.states)
    currency: str | None = None  # ISO code, upper case; None: the file names none
    stated: Stated | None = None
    partial: bool = False  # the file shows that rows of it are missing: it is never complete
    open_ended: bool = False  # nothing in the file says how many lines it has, or what they come to
    apart: bool = False  # its returns may come in a later file than its sales


class Cells(NamedTuple):
    """How the cells of a file are read, found from its whole columns."""

    number: Callable[[Any], float | None]  # money and quantities; None for blank; ValueError when unreadable
    currency: str | None  # the shop's, for files that state amounts in two


class Plan(NamedTuple):
    """How one table is read by one format. Numbers are indexes into a picked row, unless it says positions."""

    key: str  # "shopify", as in --format
    title: str  # "Shopify orders export"
    positions: tuple[int, ...]  # of the table's columns that are read
    invoice: int
    dates: tuple[int, ...]  # the first one dates the order; all of them decide the date format
    numbers: tuple[int, ...]  # money and quantities: each column decides how it is written
    person: int | None = None  # for the style of ids
    currency: int | None = None
    zone_column: int | None = None  # names of time zones
    zone: str | None = None  # IANA name, of values without an offset; None: the shop's
    shop_zone: str | None = None  # the zone of a shop that has not said its own
    shop_currency: str | None = None
    passed_over: tuple[str, ...] = ()  # columns that hold money, states or currencies, and are not used
    # Exactly one of the two. Rows of one order arrive one after the other, whatever the file's order. Rejections and
    # NEXT_PART among the rows are passed on; a row of totals comes out as a Rejection "totals_row", and a line that was
    # cancelled within an order that stands as "state_cancelled" and the like.
    lines: Callable[[Iterator[Picked], Cells], Iterator[Line | Rejection]] | None = None
    orders: Callable[[Iterator[Picked], Cells], Iterator[Order | Rejection]] | None = None
    # For speed alone: the same for the rows of one order, made once for all of them. Shopify: 4 µs a row instead of 25.
    order: Callable[[Cells], Callable[[list[Picked]], Order]] | None = None
    # Where only the data say what a column holds: given all picked rows once, in the order above, the final plan. Its
    # positions may be fewer: evidence found before belongs to a position, no longer to an index.
    settle: Callable[[Iterator[Picked], Cells], Plan] | None = None
    states: tuple[int, ...] = ()  # whose words decide whether an order stands
    # False for a word of `states` that is in no list, which is to be said.
    knows_state: Callable[[Any], bool] | None = None
    date_order: str | None = None  # "ymd", "dmy", "mdy" as a mapping says it; None: found from the column
    decimal: str | None = None  # "." or "," as a mapping says it; None: found from the column
    notes: tuple[str, ...] = ()  # what was decided, for the look-through: "Price is the line's total"

    quantity: int | None = None  # of a line feed
    is_identity: bool = False  # a picked row is a line as it is: the eight values in the order of RULES

    @property
    def whole_orders(self) -> bool:
        """Whether the unit of the file is the whole order, which replaces what was loaded of it before."""
        return self.orders is not None
