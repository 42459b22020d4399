"""What the page says when it has no answer: what is wrong in plain words, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.exceptions import HTTPException

from inference.http.problems import BY_STATUS, BY_TYPE, Rule
from inference.web.requests import NotAskableError

if TYPE_CHECKING:
    from retention.errors import RetentionError


class Notice(NamedTuple):
    """A heading, what to do, and the field it is about, if any."""

    status: int
    title: str
    advice: str
    field: str = ""
    passes: bool = False  # by itself: the answer says when to ask again


_ADVICE: Final = {  # of a problem's code, where the table of problems speaks to programs
    "unauthorized": (
        "A key is needed",
        "Type an API key that is known here: whoever runs this service makes them.",
        "key",
    ),
    "rate_limited": ("Too many questions", "Wait a little, then ask again.", ""),
    "customer_not_found": (
        "No such customer",
        "Nothing was ever sold to a customer with this id. Check the number.",
        "customer_id",
    ),
    "no_orders": (
        "No orders to judge by",
        "The customer is known, but nothing on record is an order: returns and cancellations are none.",
        "",
    ),
    "model_not_loaded": (
        "No model is loaded yet",
        "The first one is being made, or the last one was refused: the page /health says which. Ask again in a minute.",
        "",
    ),
    "database_unavailable": (
        "The database does not answer",
        "It is tried anew with every question: ask again in a few seconds.",
        "",
    ),
}  # fmt: skip


_ON_A_DAY: Final = {  # the same, where a past day was asked about
    "customer_not_found": (
        "No such customer by then",
        "Nothing was sold to a customer with this id before that day. Check both, or leave the day out.",
        "customer_id",
    ),
    "no_orders": (
        "No orders to judge by",
        "The customer is known, but placed no order before that day. Leave the day out, or ask about a later one.",
        "as_of",
    ),
}


def notice(error: RetentionError | HTTPException, *, on_a_day: bool) -> Notice:
    """Return what to say of `error`, met when a past day was asked about or not; it raises again what has no rule."""
    if isinstance(error, NotAskableError):
        return Notice(error.status, "This cannot be asked", str(error), error.field)
    if isinstance(error, HTTPException):
        return of_rule(BY_STATUS[error.status_code])
    rule = next((BY_TYPE[kind] for kind in type(error).__mro__ if kind in BY_TYPE), None)
    if rule is None:
        raise error
    return of_rule(rule, on_a_day=on_a_day)


def of_rule(rule: Rule, *, on_a_day: bool = False) -> Notice:
    """Return the rule's answer in the page's words where there are some."""
    words = _ADVICE | _ON_A_DAY if on_a_day else _ADVICE
    title, advice, field = words.get(rule.code, (rule.title, rule.detail, ""))
    return Notice(rule.status, title, advice, field, rule.passes)
