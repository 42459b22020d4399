"""The page's notices, shown instead of an answer: what is wrong, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.exceptions import HTTPException

from inference.errors import InvalidFormError
from inference.http.problems import BY_STATUS, BY_TYPE, ProblemType

if TYPE_CHECKING:
    from inference.web.requests import Form
    from retention.errors import RetentionError


class Notice(NamedTuple):
    """A title, the next step, and the field it is about, if any."""

    status: int
    title: str
    advice: str
    field: str = ""
    transient: bool = False  # it passes by itself, so the answer has Retry-After


# Title, next step and field by problem code, where the table of problems is worded for programs.
_TEXTS: Final = {
    "unauthorized": ("An API key is required", "Enter your API key.", "key"),
    "wrong_key": ("That key isn’t valid", "Check the key, or ask the operator of this service for one.", "key"),
    "rate_limited": ("Too many requests", "Wait a moment, then try again.", ""),
    "customer_not_found": ("No customer {customer_id}", "Check the ID.", "customer_id"),
    "no_orders": ("Customer {customer_id} has no orders", "Only returns or cancellations are on record.", ""),
    "model_not_loaded": (
        "No model is loaded yet",
        "It is being trained, or was refused: see /health. Try again in a minute.",
        "",
    ),
    "database_unavailable": ("We can’t reach the database", "Try again shortly.", ""),
    "busy": ("The service is busy", "Try again shortly.", ""),
}
# The same for a past day.
_TEXTS_ON_A_DAY: Final = {
    "customer_not_found": (
        "Customer {customer_id} was not known by then",
        "Check ID and day, or leave the day empty.",
        "customer_id",
    ),
    "no_orders": (
        "Customer {customer_id} had no orders by then",
        "Choose a later day, or leave the day empty.",
        "as_of",
    ),
}


def notice_of_error(error: RetentionError | HTTPException, form: Form) -> Notice:
    """Return the notice for `error`; raises it again when no problem type is known for it."""
    if isinstance(error, InvalidFormError):
        return Notice(error.status, str(error), "", error.field)
    if isinstance(error, HTTPException):
        return notice_of_problem(BY_STATUS[error.status_code], form)
    problem = next((BY_TYPE[kind] for kind in type(error).__mro__ if kind in BY_TYPE), None)
    if problem is None:
        raise error
    return notice_of_problem(problem, form)


def notice_of_problem(problem: ProblemType, form: Form) -> Notice:
    """Return the notice for a problem: in the page's words where there are some, else in the problem's."""
    texts = _TEXTS | _TEXTS_ON_A_DAY if form.as_of.strip() else _TEXTS
    code = "wrong_key" if problem.code == "unauthorized" and form.key else problem.code
    title, advice, field = texts.get(code, (problem.title, problem.detail, ""))
    return Notice(problem.status, title.format(customer_id=form.customer_id.strip()), advice, field, problem.transient)
