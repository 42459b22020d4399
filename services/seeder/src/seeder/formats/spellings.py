"""Which of our values a column holds by its name, compared plain with the names that shops use (header_names).

Case, accents, punctuation, blanks and small words such as "de" are ignored, and so are units in brackets.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from seeder.formats.header_names import TIERS, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BRACKETS: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_CODES: Final = "gbp|eur|usd|chf|pln|try|brl|sek|nok|dkk|czk|cad|aud|jpy"
_TAXED: Final = r"ttc|ht|brutto|netto|(?:inkl?|incl?|excl?|exkl?)\.?[\s_-]?(?:mwst|ust|vat|tax|btw|iva|kdv)\.?"
_UNIT: Final = re.compile(rf"[\s_-]+({_CODES}|tl|euro|{_TAXED})$", re.IGNORECASE)
_CODE: Final = re.compile(rf"(?:[\s_-]|[(\[])({_CODES})[)\]]?$", re.IGNORECASE)
_SIGNS: Final = {"€": "EUR", "£": "GBP", "zł": "PLN", "₺": "TRY", "R$": "BRL"}  # $, kr and ¥ are several currencies'
_WORD: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = str.maketrans("łıøđ", "liod")  # they do not decompose into a letter and an accent
_PARTICLES: Final = "de da do di du del della dei des der van of the la le el il d l"
_SMALL: Final = frozenset(_PARTICLES.split())


def plain(name: str) -> str:
    """Return the name as it is compared: `Invoice No.` is `invoiceno`, `Nº de pedido` is `nopedido`."""
    spaced = _CAMEL.sub(" ", name.replace("#", " number "))
    letters = unicodedata.normalize("NFKD", spaced).casefold().translate(_LETTERS)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = _WORD.findall(letters)
    return "".join([word for word in words if word not in _SMALL] or words)


def variants(name: str) -> tuple[str, ...]:
    """Return the plain name, and the ones without units: `Price (GBP)` and `Price GBP` are `price`, too."""
    bare = _BRACKETS.sub(" ", name)
    return tuple(dict.fromkeys(filter(None, (plain(name), plain(bare), plain(_UNIT.sub("", bare.strip()))))))


def currency_of(name: str) -> str | None:
    """Return the ISO code of the currency in a header, as in `Price (EUR)` or `Total in £`; None without one."""
    if found := _CODE.search(name.strip()):
        return found[1].upper()
    return next((code for sign, code in _SIGNS.items() if sign in name), None)


_CLAIMS: Final = {  # backwards: a name in several tiers counts in its first
    name: (field, tier)
    for field, tiers in TIERS.items()
    for tier, names in reversed(tuple(enumerate(tiers)))
    for name in names
}
KNOWN: Final = frozenset(_CLAIMS)
_QUIET: Final = frozenset(
    {"Total", "Subtotal", "Shipping", "Tax", "Discount", "LineDiscount", "LineTotal", "OrderTotal", "Time"}
)
_NO_MONEY: Final = of("InvoiceNo StockCode Description Quantity InvoiceDate CustomerID Email Country Time")
_MONEY: Final = re.compile(
    "status|currency|total|amount|price|discount|tax$|taxes|refund|cancel|fee$|revenue|sales|balance|vat$|freight"
    "|preis|summe|betrag|rabatt|precio|importe|descuento|prix|montant|remise|prezzo|sconto|preco|desconto|prijs"
    "|korting|kwota|rabat|tutar|indirim"
)


def claim(name: str) -> tuple[str, int] | None:
    """Return the value that a column of this name holds and the tier of the name, None for an unknown name."""
    return next((_CLAIMS[text] for text in variants(name) if text in _CLAIMS), None)


def assign(columns: Sequence[str]) -> dict[str, int]:
    """Return the position of each value, our eight and the extras; of two that claim the same, the more specific.

    Raises BadDataError, which names both columns when their names are equally specific. Of totals, taxes and the like
    none is taken then: they are no part of a line.
    """
    fields: dict[str, int] = {}
    for field in TIERS:
        claims = [(found[1], at) for at, name in enumerate(columns) if (found := claim(name)) and found[0] == field]
        best = sorted(claim for claim in claims if claim[0] == min(claims)[0])
        if len(best) > 1 and field not in _QUIET:
            names = " and ".join(f"'{columns[at]}'" for _, at in best)
            raise BadDataError(f"{field}: the columns {names} say the same; rename one, or choose with --map FILE.yaml")
        if len(best) == 1:
            fields[field] = best[0][1]
    return fields


def passed_over(columns: Sequence[str], used: Iterable[int]) -> tuple[str, ...]:
    """Return the unused columns whose names speak of money, states or currencies."""
    taken = set(used)
    return tuple(name for at, name in enumerate(columns) if at not in taken and speaks_of_money(name))


def speaks_of_money(name: str) -> bool:
    """Whether a column of this name holds money, a state or a currency."""
    found = claim(name)
    return (found is not None and found[0] not in _NO_MONEY) or any(_MONEY.search(text) for text in variants(name))
