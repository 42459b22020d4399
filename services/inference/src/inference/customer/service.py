"""A question about customers, the scores and the model that is live, joined into an answer."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException

from inference.customer.cursor import Place, from_cursor, to_cursor
from inference.customer.order_history import orders_answer
from inference.customer.requests import wrong_parameter
from inference.customer.segment_summary import summary
from inference.customer.similar import nearest
from inference.prediction.scoring import customer_answer
from inference.prediction.service import instant, meta
from retention.clock import rfc3339
from retention.errors import NoOrdersError, UnavailableError
from retention.features.pipelines import CONTRACT_FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.customer.requests import ListQuestion
    from inference.customer.responses import CustomerList, Profile, RankedCustomer, SegmentSummary
    from inference.dependencies import Service
    from inference.prediction.requests import CustomerQuestion
    from inference.prediction.responses import CustomerAnswer

SHORT_PAGE: Final = 100  # customers; of longer ones, of a megabyte, a few at a time
ANSWER_S: Final = 0.95  # three questions, one after the other, have half a second each


async def customer_list(service: Service, question: ListQuestion) -> CustomerList:
    """Return the page that is asked for; RequestValidationError for a cursor of another list."""
    after = _place(question)
    async with service.turns.turn() if question.limit > SHORT_PAGE else nullcontext():
        found = await service.ranking.page(question, after)
        items = []
        for score in found[: question.limit]:
            items.append(_ranked(score))
            if len(items) % SHORT_PAGE == 0:
                await asyncio.sleep(0)  # single questions that come meanwhile do not wait for 1,000
    if len(found) <= question.limit:
        return {"items": items, "next_cursor": None}
    last = Place(items[-1]["churn_probability"], items[-1]["customer_id"])
    return {"items": items, "next_cursor": to_cursor(last, question.scope)}


async def profile(service: Service, question: CustomerQuestion, request_id: str) -> Profile:
    """Return everything about one customer, from one bundle, within a second; the errors are those of the by-id answer.

    In shops where lines are posted all the time the orders may be a moment younger than the features.
    """
    bundle = service.live.bundle
    try:
        async with asyncio.timeout(ANSWER_S):
            state = await service.customers.state()
            asked, or_later = instant(service, state, question.as_of)
            features = await service.customers.features(question.customer_id, asked, or_later=or_later)
            as_of = features["as_of"]
            its_meta = meta(service, bundle, state, as_of, request_id)
            answer = customer_answer(bundle, question.customer_id, features, explain=question.explain, meta=its_meta)
            orders, neighbours = await asyncio.gather(
                service.ranking.orders(question.customer_id, as_of), _neighbours(service, question, answer)
            )
    except TimeoutError:
        raise UnavailableError("the database is too slow for a profile") from None
    if not any(each["_id"] == "order" for each in orders["total"]):
        raise NoOrdersError  # they were there a moment ago: all is being loaded anew
    service.metrics.predicted(bundle.version, answer["prediction"])
    return {
        **answer,
        "orders": orders_answer(orders, as_of),
        "similar": nearest(answer["features"], neighbours, bundle, as_of),
    }


async def _neighbours(
    service: Service, question: CustomerQuestion, answer: CustomerAnswer
) -> Sequence[Mapping[str, Any]]:
    if question.as_of is not None:  # scores are of now: what was known on a day cannot be told from them
        return []
    place = answer["segment"]["segment"], answer["prediction"]["churn_probability"]
    return await service.ranking.neighbours(question.customer_id, *place)


async def segments(service: Service) -> list[SegmentSummary]:
    """Return the segments, counted within the last minute; busy while they are counted for longer than a second."""
    try:
        async with asyncio.timeout(ANSWER_S):
            found = await service.ranking.segments()
    except TimeoutError:
        raise HTTPException(503) from None
    return summary(found, service.live.loaded)


def _place(question: ListQuestion) -> Place | None:
    if question.cursor is None:
        return None
    try:
        place = from_cursor(question.cursor, question.scope)
        if place.churn_probability >= (question.min_churn or 0):  # no page ends with anybody else
            return place
    except ValueError:
        pass
    detail = "It must be next_cursor of the page before, with the same segment, min_churn and sort"
    raise wrong_parameter("cursor", detail, "cursor") from None


def _ranked(score: Mapping[str, Any]) -> RankedCustomer:
    return {
        "customer_id": score["_id"],
        "churn_probability": score["churn_probability"],
        "churn_prediction": score["churn_prediction"],
        "evidence": score["evidence"],
        "cluster": score["cluster"],
        "segment": score["segment"],
        **{name: score[name] for name in CONTRACT_FEATURES},  # type: ignore[typeddict-item]
        "as_of": rfc3339(score["as_of"]),
        "due": rfc3339(score["due"]),
        "model_version": score["model_version"],
    }
