"""The shop's labels: its currency and time zone, read with the state of the data, so without a query per request."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol
from zoneinfo import ZoneInfo

from retention.errors import BadConfigurationError, NotPermittedError, UnavailableError
from retention.store import shop as shops
from retention.store.connection import open_database
from retention.store.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import tzinfo

    from inference.settings import Settings

logger = logging.getLogger(__name__)

LABELS_AGE_S: Final = 5.0


class Stated(Protocol):
    """The state of the data, as far as it concerns labels."""

    @property
    def shop(self) -> Shop | None:
        """The `shop` document."""


class Labels:
    """Currency and time zone: the database's, before the first load the settings', without those GBP and UTC."""

    zone: tzinfo

    def __init__(self, time_zone: str | None, currency: str | None) -> None:
        self._time_zone, self._currency = time_zone, currency
        self.before_the_first_load = Shop(time_zone or shops.DEFAULT_ZONE, currency)
        self._seen: Shop | None = None
        self._read_again_at = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._take(None)

    def see(self, shop: Shop | None) -> None:
        """Use what the database says now; None: it has no `shop` document."""
        if shop != self._seen:
            self._take(shop)

    def refresh_soon(self, state: Callable[[], Awaitable[Stated]]) -> None:
        """Read them in the background every LABELS_AGE_S: an answer from figures alone waits for no database."""
        if time.monotonic() >= self._read_again_at:
            self._read_again_at = time.monotonic() + LABELS_AGE_S
            self._reading = asyncio.create_task(self._refresh(state))

    async def _refresh(self, state: Callable[[], Awaitable[Stated]]) -> None:
        with suppress(UnavailableError):
            self.see((await state()).shop)

    def _take(self, shop: Shop | None) -> None:
        self._seen = shop
        held = shop or self.before_the_first_load
        self.currency = held.currency or self._currency or shops.DEFAULT_CURRENCY
        self.time_zone = held.time_zone
        self.zone = ZoneInfo(held.time_zone)
        try:
            shops.refuse_other_settings(held, time_zone=self._time_zone, currency=self._currency)
        except BadConfigurationError as error:  # loaded afresh while we serve; at the next start it ends with 78
            logger.error("%s; until then, the database's holds", error)  # noqa: TRY400 - one line is enough


def refuse_other_settings(settings: Settings) -> None:
    """Raise BadConfigurationError when TIME_ZONE or CURRENCY differs from the database's; it may be away."""
    if not (settings.time_zone or settings.currency):
        return
    opened = open_database(settings.mongo_uri, settings.db_name, appname="inference", wait_s=0)
    with suppress(UnavailableError, NotPermittedError), opened as database:
        if held := shops.read(database):
            shops.refuse_other_settings(held, time_zone=settings.time_zone, currency=settings.currency)
