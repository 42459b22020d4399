"""Questions about many customers at once, answered as JSON piece by piece."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import TypeAdapter

from inference.http.problems import BY_TYPE
from inference.prediction.responses import CustomerAnswer, CustomerProblem, PlainPrediction
from inference.prediction.scoring import customer_answer, plain_prediction
from inference.prediction.service import instant, meta
from retention.errors import RetentionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from inference.dependencies import Service
    from inference.prediction.requests import CustomersQuestion, FeatureQuestion

T = TypeVar("T")

FOUND_S: Final = 0.9  # from the question on, the wait for a turn included: without the database, 503 within a second
WITHOUT_PAUSE: Final = 50  # answers, 2 ms: single questions that come meanwhile do not wait for 1,000

_ANSWER: Final = TypeAdapter(CustomerAnswer)
_PROBLEMS: Final = TypeAdapter(list[CustomerProblem])
_PLAIN: Final = TypeAdapter(PlainPrediction)


async def about_customers(service: Service, question: CustomersQuestion, request_id: str) -> bytes:
    """Return CustomerAnswers in the order of the ids, from one bundle; who cannot be predicted is named with why."""
    bundle = service.live.bundle
    deadline = asyncio.get_running_loop().time() + FOUND_S
    async with service.turns.turn():
        try:
            async with asyncio.timeout_at(deadline):
                state = await service.customers.state()
                as_of, or_later = instant(service, state, question.as_of)
                found = await service.customers.features_of(question.customer_ids, as_of, or_later=or_later)
        except TimeoutError:
            raise UnavailableError("the database is too slow for a batch") from None
        results: list[bytes] = []  # text at once: an answer as objects takes six times the memory
        problems: list[CustomerProblem] = []
        async for customer_id in _with_pauses(question.customer_ids):
            features = found[customer_id]
            if isinstance(features, RetentionError):
                problems.append({"customer_id": customer_id, "problem": BY_TYPE[type(features)].code})
                continue
            its_meta = meta(service, bundle, state, features["as_of"], request_id)
            answer = customer_answer(bundle, customer_id, features, explain=question.explain, meta=its_meta)
            service.metrics.predicted(bundle.version, answer["prediction"])
            results.append(_ANSWER.dump_json(answer))
        return b'{"results":[%b],"errors":%b}' % (b",".join(results), _PROBLEMS.dump_json(problems))


async def about_rows(service: Service, rows: list[FeatureQuestion]) -> bytes:
    """Return a PlainPrediction for each row, in their order, from one bundle."""
    bundle = service.live.bundle
    predictions: list[bytes] = []
    async for row in _with_pauses(rows):
        answer = plain_prediction(bundle, row.given())
        service.metrics.predicted_plainly(bundle.version, answer)
        predictions.append(_PLAIN.dump_json(answer))
    return b'{"predictions":[%b],"count":%d}' % (b",".join(predictions), len(predictions))


async def _with_pauses(items: Iterable[T]) -> AsyncIterator[T]:
    for number, item in enumerate(items, start=1):
        yield item
        if number % WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)
