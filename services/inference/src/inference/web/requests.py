"""The page's form, read strictly and within its size."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError

from inference.errors import InvalidFormError
from inference.prediction.requests import CustomerQuestion
from retention.lines.rules import MAX_CUSTOMER_ID

MAX_FORM_BYTES: Final = 2048  # three short fields; a key has under 100 characters
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
MAX_TEXT: Final = 40  # characters of a field that the page repeats

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,19}")


class Form(NamedTuple):
    """The fields as they were sent. `instead` is set by a button: another customer's ID in place of customer_id."""

    customer_id: str = ""
    as_of: str = ""
    key: str = ""
    instead: str = ""

    def question(self) -> CustomerQuestion:
        """Return the question; InvalidFormError names the field to change."""
        number = self.customer_id.strip()
        if not (_NUMBER.fullmatch(number) and 1 <= int(number) <= MAX_CUSTOMER_ID):
            raise InvalidFormError(422, "Enter a valid customer ID: digits only, e.g. 12347", "customer_id")
        try:
            day = _day(self.as_of.strip())
            return CustomerQuestion(customer_id=int(number), as_of=day and f"{day}T00:00:00Z")  # type: ignore[arg-type]
        except (ValidationError, ValueError):
            raise InvalidFormError(422, "Enter a day from 1990 as YYYY-MM-DD, e.g. 2011-11-10", "as_of") from None


def read_form(body: bytes, content_type: str) -> Form:
    """Return the fields; InvalidFormError (413, 415 or 422) for anything that the page's form does not send."""
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise InvalidFormError(415, f"Send the form as {MEDIA_TYPE}")
    if len(body) > MAX_FORM_BYTES:
        raise InvalidFormError(413, f"The form is limited to {MAX_FORM_BYTES:,} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=len(Form._fields),
        )
    except ValueError:  # including bytes that are not UTF-8
        raise InvalidFormError(422, "The form could not be read: use the one on this page") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields.keys() <= set(Form._fields):
        raise InvalidFormError(422, "The form has a repeated or unknown field")
    form = Form(**fields)
    return form._replace(customer_id=form.instead or form.customer_id, instead="")


def _day(text: str) -> date | None:
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)
