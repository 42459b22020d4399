"""/docs: Swagger UI from this server's own files. Nothing is fetched from elsewhere: it works without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import fastapi_offline
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

if TYPE_CHECKING:
    from fastapi import FastAPI

_PAGE: Final = Path(__file__).parent / "page"
_SWAGGER: Final = Path(fastapi_offline.__file__).parent / "static"


def serve(app: FastAPI) -> None:
    """Add the page and its files to `app`."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE / "docs.html")

    app.mount("/docs/page", StaticFiles(directory=_PAGE), name="page")
    app.mount("/docs/swagger", StaticFiles(directory=_SWAGGER), name="swagger")
