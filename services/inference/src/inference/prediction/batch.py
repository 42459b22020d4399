"""Predictions about many customers at once, written to JSON piece by piece."""

from __future__ import annotations

import asyncio
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from inference.http.problems import BY_TYPE
from inference.prediction.responses import CustomerAnswer, CustomerProblem, PlainPrediction
from retention.errors import RetentionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from inference.http.admission import Lane
    from inference.prediction.requests import CustomersQuestion, FeatureQuestion
    from inference.prediction.service import PredictionService

T = TypeVar("T")


class Reference(TypedDict, total=False):
    """How the request named a customer."""

    customer_ref: str


LOOKUP_S: Final = 0.9  # including the wait for the lane: without the database the answer is a 503 within a second
ANSWERS_AT_A_STRETCH: Final = 50  # 2 ms: single predictions that arrive meanwhile do not wait for 1,000

_ANSWER: Final = TypeAdapter(CustomerAnswer)
_PROBLEMS: Final = TypeAdapter(list[CustomerProblem])
_PLAIN: Final = TypeAdapter(PlainPrediction)


class BatchService(NamedTuple):
    """Answers about up to 1,000 customers, all from one bundle, as JSON."""

    predictions: PredictionService
    lane: Lane

    async def by_ids(self, question: CustomersQuestion, request_id: str) -> bytes:
        """Return a CustomersAnswer: answers in the order of the ids, and the customers without one, with the reason.

        BusyError when no place in the lane becomes free, UnavailableError when the look-up takes over LOOKUP_S.
        """
        predictions, customers = self.predictions, self.predictions.customers
        bundle = predictions.live.bundle
        deadline = asyncio.get_running_loop().time() + LOOKUP_S
        async with self.lane.place():
            try:
                async with asyncio.timeout_at(deadline):
                    state = await customers.state()
                    as_of, or_later = predictions.clock.as_of(state, question.as_of)
                    customer_ids = predictions.references.numbers(question.customer_refs, state.shop, "customer_refs")
                    customer_ids = customer_ids or question.customer_ids
                    found = await customers.features_of(customer_ids, as_of, or_later=or_later)
            except TimeoutError:
                raise UnavailableError("the database is too slow for a batch") from None
            results: list[bytes] = []  # as JSON already: objects take six times the memory
            problems: list[CustomerProblem] = []
            async for customer_id, named in _with_pauses(_named(customer_ids, question.customer_refs)):
                features = found[customer_id]
                if isinstance(features, RetentionError):
                    problems.append({"customer_id": customer_id, **named, "problem": BY_TYPE[type(features)].code})
                    continue
                answer = predictions.answer(bundle, state, customer_id, features, request_id, explain=question.explain)
                results.append(_ANSWER.dump_json({**answer, **named}))
            return b'{"results":[%b],"errors":%b}' % (b",".join(results), _PROBLEMS.dump_json(problems))

    async def by_rows(self, rows: list[FeatureQuestion]) -> bytes:
        """Return a PlainPredictions: an answer for each row of figures, in their order."""
        bundle = self.predictions.live.bundle
        answers = [_PLAIN.dump_json(self.predictions.plain(bundle, row)) async for row in _with_pauses(rows)]
        return b'{"predictions":[%b],"count":%d}' % (b",".join(answers), len(answers))


def _named(customer_ids: list[int], references: list[str]) -> Iterator[tuple[int, Reference]]:
    """Return each ID with its reference, if it was given by one."""
    named: Iterable[Reference] = ({"customer_ref": each} for each in references) if references else repeat({})
    return zip(customer_ids, named, strict=False)


async def _with_pauses(items: Iterable[T]) -> AsyncIterator[T]:
    for number, item in enumerate(items, start=1):
        yield item
        if number % ANSWERS_AT_A_STRETCH == 0:
            await asyncio.sleep(0)
