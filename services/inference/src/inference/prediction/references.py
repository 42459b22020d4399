"""Customers by `customer_ref`, the id or e-mail as the shop knows it: resolved by the keyed hash, without a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fastapi.exceptions import RequestValidationError

from inference.errors import NoIdentityKeyError
from retention.errors import BadConfigurationError
from retention.lines.identity import Identity
from retention.lines.rules import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retention.store.shop import Shop


class References(NamedTuple):
    """Turns references into customer IDs."""

    identity_key: bytes | None

    def number(self, reference: str, shop: Shop | None, *place: str | int) -> int:
        """Return the customer's ID; RequestValidationError, at this place of the body, when it is nobody's."""
        try:
            number = self.identity(shop).number(reference)
        except UnreadableError as error:
            raise _nobody(place, error.reason) from None
        except BadConfigurationError:
            raise NoIdentityKeyError("a text id, and IDENTITY_KEY_FILE is not set") from None
        if number is None:
            raise _nobody(place, "missing")
        return number

    def numbers(self, references: Sequence[str], shop: Shop | None, place: str) -> list[int]:
        """Return the customers' IDs, in their order; errors as `number`."""
        return [self.number(reference, shop, place, index) for index, reference in enumerate(references)]

    def identity(self, shop: Shop | None) -> Identity:
        """Return the reader of one request's ids."""
        return Identity(self.identity_key, leading_zeros=bool(shop and shop.leading_zeros))


def _nobody(place: tuple[str | int, ...], reason: str) -> RequestValidationError:
    detail = "Enter a customer's ID or e-mail address as the shop knows it"
    return RequestValidationError([{"loc": ("body", *place), "type": f"customer_ref_{reason}", "msg": detail}])
