"""The example requests of the API's documentation, as httpx sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inference.docs.recorded import FOLDER, REQUEST_ID

if TYPE_CHECKING:
    import httpx

    from inference.docs.recorded import ExampleRequest

_CHANGE_DATA: Final = ("put_champion", "transactions")  # last: the other answers are those before any change


def endpoints() -> list[str]:
    """Return the endpoints with examples; those that change models or data come last."""
    recorded = sorted(file.stem for file in FOLDER.glob("*.json"))
    return [*(name for name in recorded if name not in _CHANGE_DATA), *_CHANGE_DATA]


def with_version(request: ExampleRequest, version: str) -> ExampleRequest:
    """Return the request; if its body names a model version, with `version` in place of the recorded one."""
    body = request.get("body")
    return {**request, "body": {"version": version}} if isinstance(body, dict) and "version" in body else request


def arguments(request: ExampleRequest) -> dict[str, Any]:
    """Return the arguments of an httpx client's `request`."""
    headers = {"Accept": request.get("accept", "application/json"), "X-Request-ID": REQUEST_ID}
    body = {"json": request["body"]} if "body" in request else {}
    return {"method": request["method"], "url": request["path"], "headers": headers, **body}


def answer_of(response: httpx.Response) -> Any:  # noqa: ANN401 - what JSON may be
    """Return the parsed body, or the text of another media type. Raises HTTPStatusError for an error."""
    is_json = response.headers["content-type"] == "application/json"
    return response.raise_for_status().json() if is_json else response.raise_for_status().text
