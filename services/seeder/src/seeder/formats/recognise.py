"""Finds the format of a table by the set of its column names, the most specific format first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from seeder.formats import (
    etsy,
    line_feed,
    magento,
    olist,
    refused,
    shopify,
    square,
    states,
    stripe,
    superstore,
    woo_advanced,
    woo_states,
    woo_webtoffee,
)  # fmt: skip
from seeder.formats.feed import KEY, TITLE
from seeder.formats.mapping_start import start
from seeder.formats.signatures import SIGNATURES, is_known
from seeder.formats.spellings import claim, plain, variants
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from seeder.formats.plan import Plan

FORMATS: Final[Mapping[str, Callable[[Sequence[str]], Plan | None]]] = {
    "shopify": shopify.plan,
    "woo-advanced": woo_advanced.plan,
    "woo-webtoffee": woo_webtoffee.plan,
    "magento": magento.plan,
    "square": square.plan,
    "stripe": stripe.plan,
    "etsy": etsy.plan,
    "olist": olist.plan,
    "superstore": superstore.plan,
    KEY: line_feed.plan,
}
_SHOPIFY: Final = {  # a Shopify export whose columns were renamed to ours
    "invoiceno": "Name", "customerid": "Email", "invoicedate": "Created at", "quantity": "Lineitem quantity",
    "description": "Lineitem name", "unitprice": "Lineitem price", "stockcode": "Lineitem sku",
    "country": "Shipping Country",
}  # fmt: skip
_RENAMED: Final = frozenset({"lineitemtaxable", "lineitemrequiresshipping", "lineitemfulfillmentstatus"})
_STATES: Final = frozenset({"State", "PaymentState"})
_SHOWN: Final = 300  # characters of a header
_NEARLY: Final = 0.25  # of the columns that make an export out: one of five or six is missing


def score(columns: Sequence[str], also: Collection[str] = ()) -> int:
    """Return how many names any format knows, or a mapping names in `also`; a title row has hardly any.

    Names that occur twice count once.
    """
    others = refused.NAMES | {plain(name) for name in also}
    return len({plain(name) for name in columns if is_known(name) or others.intersection(variants(name))})


def recognise(columns: Sequence[str], key: str | None = None) -> Plan:
    """Return the plan of a header, by the format `key` or by the first format that knows it.

    Raises BadDataError for an export that cannot work, for two columns that claim the same value, and for an unknown
    header; the message gives the next step.
    """
    if key is not None:
        return _by_key(columns, key)
    for name, plan in FORMATS.items():
        if name != KEY and (found := plan(columns)):
            return _naming_states(found, columns)
    if found := _renamed_shopify(columns):
        return _naming_states(found, columns)
    refused.check(columns)
    found = line_feed.plan(columns)
    if found is None:
        if not _is_nearly_known(columns):
            refused.check_kind(columns)
        raise unknown(columns)
    return found


def unknown(columns: Sequence[str]) -> BadDataError:
    """Return the error of a header of no format: the nearest one, what it lacks, and a mapping file to start from."""
    if len(columns) == 1:
        return BadDataError(f"no table of orders: its header is one column, {_shown(columns)}")
    title, lacks = _nearest(columns)
    return BadDataError(
        f"no known export: the header is {_shown(columns)}. The nearest format is {title}, "
        f"but it lacks {', '.join(lacks) or 'a column'}. Complete this mapping, save it as map.yaml "
        "and add --map map.yaml:\n"
        f"{start(columns)}"
    )


def _by_key(columns: Sequence[str], key: str) -> Plan:
    plan = FORMATS.get(key)
    if plan is None:
        raise BadDataError(f"no format '{printable(key)}'; the formats are {', '.join(FORMATS)}")
    if found := plan(columns):
        return _naming_states(found, columns)
    lacks = _lacks(columns, key)
    raise BadDataError(
        f"this is no {_title(key)}: it lacks {', '.join(lacks) or 'its columns'}; the header is {_shown(columns)}"
    )


def _naming_states(plan: Plan, columns: Sequence[str]) -> Plan:
    """Return the plan of a shop system so that words in its column of states which are in no list are said."""
    if plan.states or not plan.whole_orders:
        return plan
    named = (index for index, at in enumerate(plan.positions) if (claim(columns[at]) or ("",))[0] in _STATES)
    return plan._replace(states=tuple(named), knows_state=_knows_state)


def _knows_state(word: object) -> bool:
    return states.is_known(word) or woo_states.state_of(str(word)) is not None


def _shown(columns: Sequence[str]) -> str:
    return f"'{printable(', '.join(columns))[:_SHOWN]}'"


def _renamed_shopify(columns: Sequence[str]) -> Plan | None:
    """Return Shopify's own plan where the eight columns were renamed to ours and the others say whose they are."""
    names = {plain(name) for name in columns}
    if "shopify" not in FORMATS or "invoiceno" not in names or not names & _RENAMED:
        return None
    return FORMATS["shopify"]([_SHOPIFY.get(plain(name), name) for name in columns])


def _nearest(columns: Sequence[str]) -> tuple[str, list[str]]:
    """Return the title of the format of which the smallest share is missing, and what that is."""
    key = min(SIGNATURES, key=lambda key: _share_missing(columns, key))
    needed = line_feed.missing(columns)
    if _share_missing(columns, key) >= len(needed) / 4:  # an order, a date, a price, a person
        return f"{_title(KEY)} (InvoiceNo, InvoiceDate, UnitPrice, CustomerID)", needed
    return _title(key), _lacks(columns, key)


def _is_nearly_known(columns: Sequence[str]) -> bool:
    return min(_share_missing(columns, key) for key in SIGNATURES) <= _NEARLY


def _share_missing(columns: Sequence[str], key: str) -> float:
    return len(_lacks(columns, key)) / len(SIGNATURES[key].core)


def _lacks(columns: Sequence[str], key: str) -> list[str]:
    if key == KEY:
        return line_feed.missing(columns)
    names = {plain(name) for name in columns}
    return [name for name in SIGNATURES[key].core if plain(name) not in names]


def _title(key: str) -> str:
    return SIGNATURES[key].title if key in SIGNATURES else TITLE
