"""The page's HTML, from templates that escape all values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from inference.web.profile_view import gauge_of, profile_view
from inference.web.requests import MAX_TEXT, Form

if TYPE_CHECKING:
    from inference.customer.responses import Profile
    from inference.web.notices import Notice

EXAMPLE_ID: Final = 12347  # exists in Online Retail and in the synthetic shop


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("inference.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    form: Form,
    *,
    asks_key: bool,
    request_id: str,
    notice: Notice | None = None,
    profile: Profile | None = None,
) -> str:
    """Return the page: a notice, a profile or, without either, the welcome. It never repeats the key."""
    title = notice.title if notice else f"Customer {profile['customer_id']}" if profile else "Look up a customer"
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=title,
            form=Form(form.customer_id[:MAX_TEXT], form.as_of[:MAX_TEXT]),
            asks_key=asks_key,
            request_id=request_id,
            notice=notice,
            profile=profile_view(profile) if profile else None,
            gauge=gauge_of(profile) if profile else None,
            example_id=EXAMPLE_ID,
        )
    )
