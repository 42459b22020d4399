"""The words for the state of an order, by shop system and language: whether the order stands.

A word that is not in the list leaves the order standing, as most words that shops invent are steps of a delivery
("ready for pick-up"); `is_known` lets the look-through name such words.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from seeder.formats.spellings import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDS: Final = (
    # Shopify, WooCommerce, Magento, Stripe, Olist
    "paid partially_paid partially_refunded refunded complete completed processing shipped delivered invoiced approved "
    "closed succeeded fulfilled partially_fulfilled partially_shipped in_transit dispatched confirmed active done "
    "captured settled ok true success successful sent "
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish
    "bezahlt abgeschlossen versendet versandt geliefert erledigt erstattet teilerstattet in_bearbeitung bestaetigt "
    "bestatigt payee paye termine terminee expediee expedie livree livre remboursee rembourse en_cours completado "
    "completada pagado pagada enviado enviada entregado entregada procesando reembolsado reembolsada completato "
    "completata pagato pagata spedito spedita consegnato consegnata rimborsato rimborsata in_lavorazione concluido "
    "concluida pago paga processando entregue faturado aprovado voltooid afgerond betaald verzonden geleverd "
    "terugbetaald in_behandeling zrealizowane oplacone wyslane dostarczone zwrocone tamamlandi odendi gonderildi "
    "teslim_edildi kargoya_verildi iade_edildi hazirlaniyor "
)
_FALLS: Final = {
    "cancelled": "cancelled canceled cancel storniert abgebrochen cancelado cancelada annulee annule annulled "
    "annullato annullata geannuleerd anulowane anulowano iptal iptal_edildi trash deleted removed "
    "geloescht geloscht void_order",
    "voided": "voided void",
    "failed": "failed failure declined denied rejected error blocked fraud payment_failed fehlgeschlagen echouee "
    "echoue fallido fallida fallito fallita falhou mislukt nieudane basarisiz "
    "disputed chargeback uncollectible requires_payment_method",
    "pending": "pending pending_payment payment_review awaiting_payment incomplete created new requires_action "
    "requires_confirmation ausstehend zahlung_ausstehend en_attente pendiente in_attesa pendente "
    "wachtend in_afwachting oczekujace oczekuje beklemede odeme_bekleniyor",
    "on-hold": "on-hold onhold holded hold in_wartestellung wartend en_espera en_pausa sospeso aguardando in_de_wacht "
    "wstrzymane bekletiliyor",
    "authorized": "authorized authorised uncaptured requires_capture autorisiert",
    "test": "test",
    "draft": "draft checkout-draft auto-draft entwurf brouillon borrador bozza rascunho concept szkic taslak quote",
    "unpaid": "unpaid expired overdue unbezahlt offen impayee impagado nicht_bezahlt abgelaufen onbetaald nieoplacone "
    "odenmedi",
    "unavailable": "unavailable",
}
_PAID_BACK: Final = (
    "refunded fully_refunded erstattet remboursee rembourse reembolsado reembolsada rimborsato rimborsata "
    "terugbetaald zwrocone iade_edildi"
)
_REFUNDED: Final = frozenset(map(plain, _PAID_BACK.split()))
_NO: Final = frozenset({"", "0", "false", "no", "n", "nein", "non", "nan", "null", "none", "hayir", "nie", "nee"})


def words(stands: str, falls: Mapping[str, str]) -> dict[str, str | None]:
    """Return plain words → None (the order stands) or the state, from words apart by blanks."""
    known: dict[str, str | None] = {plain(word): None for word in stands.split()}
    known.update({plain(word): name for name, texts in falls.items() for word in texts.split()})
    return known


WORDS: Final[Mapping[str, str | None]] = words(_STANDS, _FALLS)


def state(word: object, known: Mapping[str, str | None] = WORDS) -> str | None:
    """Return why an order of this state does not stand: "cancelled", "pending", …; None when it stands.

    Blank and unknown words stand, unless `known` has a state for others under `*`. WooCommerce's `wc-` before a word is
    ignored.
    """
    text = _bare(word)
    return known.get(text, known.get("*")) if text else None


def is_known(word: object, known: Mapping[str, str | None] = WORDS) -> bool:
    """Whether a state is in the list, or blank: others stand, and are to be named."""
    text = _bare(word)
    return not text or text in known or "*" in known


def is_refunded(word: object) -> bool:
    """Whether the state says that the whole order was paid back."""
    return _bare(word) in _REFUNDED


def is_set(cell: object) -> bool:
    """Whether a cell such as `Cancelled at` or `Cancelled` says yes: a date or a word that is no "no"."""
    return cell is not None and cell is not False and str(cell).strip().casefold() not in _NO


@lru_cache(maxsize=1024)  # a file has some ten words, and asks for them once per row
def _bare(word: object) -> str:
    text = "" if word is None else str(word).strip()
    return plain(text[3:] if text[:3].casefold() == "wc-" else text)
