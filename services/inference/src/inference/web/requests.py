"""What the page's form may ask: read strictly, and never longer than a form is."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError

from inference.prediction.requests import CustomerQuestion
from retention.errors import RetentionError
from retention.lines.rules import MAX_CUSTOMER_ID

MAX_FORM_BYTES: Final = 2048  # three short fields; a key has under 100 characters
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
MAX_TEXT: Final = 40  # characters of a field that come back in the page

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,19}")


class NotAskableError(RetentionError):
    """The form cannot be answered as it is. `field` is the one to change, if it is one."""

    def __init__(self, status: int, words: str, field: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.field = field


class Form(NamedTuple):
    """The fields as they were sent. `instead` is a button's: another customer's id, with all else as it stands."""

    customer_id: str = ""
    as_of: str = ""
    key: str = ""
    instead: str = ""

    def question(self) -> CustomerQuestion:
        """Return what is asked; NotAskableError names the field that cannot be."""
        number = self.customer_id.strip()
        if not (_NUMBER.fullmatch(number) and 1 <= int(number) <= MAX_CUSTOMER_ID):
            raise NotAskableError(
                422, f"A customer id is a whole number from 1 to {MAX_CUSTOMER_ID:,}, such as 12347.", "customer_id"
            )
        try:
            day = _day(self.as_of.strip())
            return CustomerQuestion(customer_id=int(number), as_of=day and f"{day}T00:00:00Z")  # type: ignore[arg-type]
        except (ValidationError, ValueError):
            raise NotAskableError(
                422, "The day is written year, month, day, such as 2011-11-10, from 1990 on.", "as_of"
            ) from None


def read_form(body: bytes, content_type: str) -> Form:
    """Return the fields; NotAskableError (413, 415 or 422) for anything that the page's form does not send."""
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise NotAskableError(415, f"The form is sent as {MEDIA_TYPE}.")
    if len(body) > MAX_FORM_BYTES:
        raise NotAskableError(413, f"The form takes {MAX_FORM_BYTES:,} bytes at most.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=len(Form._fields),
        )
    except ValueError:  # also of bytes that are no UTF-8
        raise NotAskableError(422, "The form could not be read: ask again with the page's own.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields.keys() <= set(Form._fields):
        raise NotAskableError(422, "The form has a field twice, or one that is not known here.")
    form = Form(**fields)
    return form._replace(customer_id=form.instead or form.customer_id, instead="")


def _day(text: str) -> date | None:
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)
