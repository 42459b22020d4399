"""Stores posted lines, accounts for them and derives orders and customers, with retention.store in threads."""

from __future__ import annotations

import asyncio
import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from inference.errors import InProgressError, KeyReusedError, NotDerivableError, NotStoredError, OtherIdsError
from inference.transaction import posts
from inference.transaction.posts import Post, Reply
from retention.errors import RetentionError, UnavailableError
from retention.store import clearing, quarantine, references, transactions
from retention.store import shop as shops
from retention.store.connection import journaled
from retention.store.derivation import refresh_touched
from retention.store.driver_errors import refused_as
from retention.store.request_loads import KEPT, Request, RequestLoads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inference.database.connection import Connection
    from retention.store.shop import Shop

logger = logging.getLogger(__name__)

TIMEOUT_MS: Final = 5_000  # for a request, including the wait for a thread; 1,000 lines take 0.2 s
THREADS: Final = 4  # concurrent requests, including interrupted ones being finished
HEAL_EVERY_S: Final = 15
_UNSTATED: Final = shops.Shop()


class Transactions(Protocol):
    """What the API does with posted lines. Raises UnavailableError after TIMEOUT_MS."""

    async def add(self, post: Post) -> Reply:
        """Add the lines, refresh every customer they touch, and return the account of the lines.

        A repeated request finishes unfinished work, or gets the first answer. Raises KeyReusedError,
        InProgressError, OtherIdsError, NotStoredError, NotDerivableError.
        """

    async def keep_healing(self) -> None:
        """Until cancelled, finish requests whose process died."""


class MongoTransactions:
    """Transactions in MongoDB, which has other writers too. The constructor connects to nothing."""

    def __init__(
        self, connection: Connection, before_the_first_load: Shop = _UNSTATED, *, keep_references: bool = True
    ) -> None:
        self._connection = connection
        self._defaults = before_the_first_load
        self._keep_references = keep_references
        self._db = journaled(connection.store_database)
        self._loads = RequestLoads(self._db, process=uuid.uuid4().hex)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="transactions")
        self._at_work: set[str] = set()
        self._not_healed: set[str] = set()

    async def add(self, post: Post) -> Reply:
        """Add the lines in a thread within one deadline; an unreachable server is reported at once."""
        with ExitStack() as marked:
            marked.enter_context(self._marked(post.load_id))
            await self._connection.ping()
            # The mark lasts as long as the thread: a retry must not work on the same record beside it.
            ended = marked.pop_all().close
            return await self._connection.in_thread(
                self._threads, partial(self._add, post), timeout_ms=TIMEOUT_MS, ended=ended
            )

    def _add(self, post: Post) -> Reply:
        try:
            return self._added(post)
        except (NotStoredError, NotDerivableError) as error:
            logger.warning("the database refuses a request", extra=_reason(post.load_id, error))
            raise

    def _added(self, post: Post) -> Reply:
        times_cleared = clearing.times_cleared(self._db)
        missing, touched = transactions.missing(self._db, post.documents), transactions.touched(post.documents)
        there = len(post.documents) - len(missing)
        # Claimed before the first row: if this process dies later, the record says what to derive again.
        # Customers of duplicate lines are derived too, so that a retry completes interrupted work.
        record = self._claim(post, touched=touched, duplicate=there)
        if "answer" in record:
            return Reply(record["answer"], replayed=True)
        with refused_as(NotStoredError):
            self._settle(post)
            quarantine.add(self._db, post.load_id, post.rejected, expires_at=post.at + KEPT)
            taken = transactions.insert(self._db, missing)
        with refused_as(NotDerivableError):
            refreshed = refresh_touched(self._db, touched)
        account = posts.ledger(post, duplicate=record.get("duplicate", there) + taken)
        answer = posts.answer(post, account, refreshed)
        clearing.times_cleared(self._db, known=times_cleared)
        if not self._loads.finish(_request(post), account, answer):
            raise UnavailableError("the data was replaced meanwhile")
        return Reply(answer, replayed=False, touched={customer_id for customer_id, _ in touched})

    def _settle(self, post: Post) -> None:
        """Write what holds for the shop from the first lines on, and the text ids of its customers."""
        if not post.documents:
            return
        known = shops.current(self._db, currency=self._defaults.currency)
        if known is None or (known.currency is None and post.currency):
            shops.settle(self._db, (known or self._defaults)._replace(currency=post.currency))
        if self._keep_references:
            references.add(self._db, post.references)

    def _claim(self, post: Post, *, touched: set[tuple[int, str]], duplicate: int) -> Mapping[str, Any]:
        """Return the request's record: claimed for us, or with its answer if it is finished."""
        invented = self._loads.beside_invented()
        if invented is None:
            raise OtherIdsError("the stored lines have ids of another version")
        record = self._loads.claim(_request(post), touched=touched, duplicate=duplicate, invented=invented)
        if record is None:
            raise InProgressError("the first request with this key has not finished")
        if record["body_sha256"] != post.body_sha256:
            raise KeyReusedError("the same key with another body")
        return record

    async def keep_healing(self) -> None:
        """Check at once, then every HEAL_EVERY_S seconds: a process counts as dead only after some silence."""
        while True:
            try:
                await self._heal()
            except UnavailableError:
                pass  # logged; the next check may succeed
            except Exception:  # healing must not end
                logger.exception("unexpected error while finishing interrupted requests")
            await asyncio.sleep(HEAL_EVERY_S)

    async def _heal(self) -> None:
        tried: list[str] = []
        while died := await self._in_thread(partial(self._loads.died, besides=tried)):
            for record in died:
                tried.append(record["_id"])
                try:
                    await self._in_thread(partial(self._heal_one, record))
                except RetentionError as error:  # it does not hold up the others
                    self._log_once(record["_id"], error)
                else:
                    self._not_healed.discard(record["_id"])
                    logger.info("finished an interrupted request")

    async def _in_thread(self, work: Any) -> Any:  # noqa: ANN401 - as Connection.in_thread
        return await self._connection.in_thread(self._threads, work, timeout_ms=TIMEOUT_MS)

    def _heal_one(self, record: Mapping[str, Any]) -> None:
        with refused_as(NotDerivableError):
            refresh_touched(self._db, self._loads.touched(record))
        self._loads.healed(record)

    def _log_once(self, load_id: str, error: RetentionError) -> None:
        if load_id not in self._not_healed:
            self._not_healed.add(load_id)
            logger.warning("an interrupted request cannot be finished yet", extra=_reason(load_id, error))

    @contextmanager
    def _marked(self, load_id: str) -> Iterator[None]:
        if load_id in self._at_work:
            raise InProgressError("the first request with this key is under way")
        self._at_work.add(load_id)
        try:
            yield
        finally:
            self._at_work.discard(load_id)


def _request(post: Post) -> Request:
    return Request(post.load_id, post.body_sha256, post.size, post.line_count, post.at)


def _reason(load_id: str, error: RetentionError) -> dict[str, str]:
    return {"load_id": load_id, "reason": f"{type(error).__name__}: {error}"}
