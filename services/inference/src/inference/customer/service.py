"""Customer lists, profiles and segment summaries: queries, scores and the live model, joined into answers."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inference.customer.cursor import Place, from_cursor, to_cursor
from inference.customer.order_history import order_history
from inference.customer.requests import wrong_parameter
from inference.customer.segment_summary import segment_summaries
from inference.customer.similar import most_similar
from inference.errors import BusyError
from retention.clock import rfc3339
from retention.errors import CustomerNotFoundError, NoOrdersError, UnavailableError
from retention.features.pipelines import CONTRACT_FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.customer.repository import Contacts, Ranking
    from inference.customer.requests import ListQuestion
    from inference.customer.responses import CustomerList, Profile, RankedCustomer, SegmentSummary
    from inference.http.admission import Lane
    from inference.prediction.requests import CustomerQuestion, LookupQuestion
    from inference.prediction.responses import CustomerAnswer
    from inference.prediction.service import PredictionService

SHORT_PAGE: Final = 100  # customers; longer pages, up to a megabyte, are made a few at a time
ANSWER_S: Final = 0.95  # three queries in a row have half a second each


class CustomerService(NamedTuple):
    """Customer lists, segment summaries, and profiles."""

    predictions: PredictionService
    ranking: Ranking
    lane: Lane  # of long pages
    contacts: Contacts

    async def page(self, question: ListQuestion, *, contacts: bool) -> CustomerList:
        """Return one page, with `contacts` also customers' references; RequestValidationError for another's cursor."""
        after = _place(question)
        async with self.lane.place() if question.limit > SHORT_PAGE else nullcontext():
            found = await self.ranking.page(question, after)
            items = []
            for score in found[: question.limit]:
                items.append(_ranked(score))
                if len(items) % SHORT_PAGE == 0:
                    await asyncio.sleep(0)  # single predictions that arrive meanwhile do not wait for 1,000
            if contacts and (kept := await self.contacts.find([item["customer_id"] for item in items])) is not None:
                items = [_with_reference(item, kept) for item in items]
        if len(found) <= question.limit:
            return {"items": items, "next_cursor": None}
        last = Place(items[-1]["churn_probability"], items[-1]["customer_id"])
        return {"items": items, "next_cursor": to_cursor(last, question.scope)}

    async def lookup(self, question: LookupQuestion) -> int:
        """Return the ID of the customer with this reference; CustomerNotFoundError when nobody has it."""
        state = await self.predictions.customers.state()
        customer_id = self.predictions.references.number(question.customer_ref, state.shop, "customer_ref")
        as_of, or_later = self.predictions.clock.as_of(state, None)
        found = await self.predictions.customers.features_of([customer_id], as_of, or_later=or_later)
        if isinstance(found[customer_id], CustomerNotFoundError):
            raise CustomerNotFoundError
        return customer_id

    async def profile(self, question: CustomerQuestion, request_id: str, *, contacts: bool = False) -> Profile:
        """Return everything about one customer, from one bundle, within a second; errors as for a prediction by id.

        While lines are being posted, the orders may be a moment younger than the features.
        """
        predictions = self.predictions
        bundle = predictions.live.bundle
        try:
            async with asyncio.timeout(ANSWER_S):
                state = await predictions.customers.state()
                asked, or_later = predictions.clock.as_of(state, question.as_of)
                features = await predictions.customers.features(question.customer_id, asked, or_later=or_later)
                as_of = features["as_of"]
                answer = predictions.answer(
                    bundle, state, question.customer_id, features, request_id, explain=question.explain
                )
                orders, neighbours, references = await asyncio.gather(
                    self.ranking.orders(question.customer_id, as_of),
                    self._neighbours(question, answer),
                    self._references(question, contacts=contacts),
                )
        except TimeoutError:
            raise UnavailableError("the database is too slow for a profile") from None
        if not any(each["_id"] == "order" for each in orders["total"]):
            raise NoOrdersError  # they existed a moment ago: all data is being reloaded
        return {
            **answer,
            **references,
            "orders": order_history(orders, as_of),
            "similar": most_similar(features, neighbours, bundle, as_of),
        }

    async def _references(self, question: CustomerQuestion, *, contacts: bool) -> dict[str, str | None]:
        kept = await self.contacts.find([question.customer_id]) if contacts else None
        return {} if kept is None else {"customer_ref": kept.get(question.customer_id)}

    async def _neighbours(self, question: CustomerQuestion, answer: CustomerAnswer) -> Sequence[Mapping[str, Any]]:
        if question.as_of is not None:  # scores are current and say nothing about a past day
            return []
        place = answer["segment"]["segment"], answer["prediction"]["churn_probability"]
        return await self.ranking.neighbours(question.customer_id, *place)

    async def segments(self) -> list[SegmentSummary]:
        """Return the segments, counted within the last minute; BusyError if counting takes over ANSWER_S."""
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await self.ranking.segments()
        except TimeoutError:
            raise BusyError from None
        return segment_summaries(found, self.predictions.live.loaded)


def _place(question: ListQuestion) -> Place | None:
    if question.cursor is None:
        return None
    try:
        place = from_cursor(question.cursor, question.scope)
        if place.churn_probability >= (question.min_churn or 0):  # a page never ends below it
            return place
    except ValueError:
        pass
    detail = "It must be next_cursor of the previous page, with the same segment, min_churn and sort"
    raise wrong_parameter("cursor", detail, "cursor") from None


def _with_reference(item: RankedCustomer, kept: Mapping[int, str]) -> RankedCustomer:
    reference = kept.get(item["customer_id"])
    return {"customer_id": item["customer_id"], "customer_ref": reference, **item}


def _ranked(score: Mapping[str, Any]) -> RankedCustomer:
    return {
        "customer_id": score["_id"],
        "churn_probability": score["churn_probability"],
        "churn_prediction": score["churn_prediction"],
        "evidence": score["evidence"],
        "cluster": score["cluster"],
        "segment": score["segment"],
        **{name: score[name] for name in CONTRACT_FEATURES},  # type: ignore[typeddict-item]
        "net_monetary": score.get("net_monetary"),
        "as_of": rfc3339(score["as_of"]),
        "due": rfc3339(score["due"]),
        "model_version": score["model_version"],
    }
