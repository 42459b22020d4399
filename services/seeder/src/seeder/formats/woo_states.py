"""The order states of WooCommerce that do not stand for a paid order, in the languages of shops."""

from __future__ import annotations

from typing import Final

from seeder.formats import states
from seeder.formats.header import plain

REFUNDED: Final = "refunded"
_SAID: Final = {
    "cancelled": (
        "cancelled", "canceled", "trash", "storniert", "cancelado", "cancelada", "annulée", "annulé", "annullato",
        "geannuleerd", "anulowane", "anulowano",
    ),
    "failed": (
        "failed", "fehlgeschlagen", "fallido", "échouée", "échec", "fallito", "mislukt", "nieudane", "malsucedido",
        "falhou",
    ),
    "pending": (
        "pending", "pending payment", "checkout-draft", "draft", "zahlung ausstehend", "ausstehende zahlung", "entwurf",
        "pendiente de pago", "attente paiement", "en attente de paiement", "in attesa di pagamento",
        "wachtend op betaling", "oczekujące na płatność", "pagamento pendente", "aguardando pagamento",
    ),
    "on hold": (
        "on-hold", "on hold", "in wartestellung", "wartend", "en espera", "en attente", "in sospeso", "sospeso",
        "in de wacht", "wstrzymane", "aguardando", "em espera",
    ),
    REFUNDED: (
        "refunded", "rückerstattet", "erstattet", "reembolsado", "reembolsada", "remboursée", "remboursé", "rimborsato",
        "terugbetaald", "zwrócone", "zwrócono",
    ),
}  # fmt: skip
_STATES: Final = {plain(word): state for state, words in _SAID.items() for word in words}


def state_of(word: str) -> str | None:
    """Return the state that a status word says, "refunded" among them; None for one that stands, or is unknown."""
    return _STATES.get(plain(word.removeprefix("wc-"))) or states.state(word)
