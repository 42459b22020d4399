"""/docs, Swagger UI, and the files of every page: from this server. Nothing is fetched from elsewhere."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import fastapi_offline
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

from inference import web

if TYPE_CHECKING:
    from fastapi import FastAPI

_PAGE: Final = Path(__file__).parent / "page"
_LOOK_UP: Final = Path(web.__file__).parent / "files"
_SWAGGER: Final = Path(fastapi_offline.__file__).parent / "static"


def serve(app: FastAPI) -> None:
    """Add the document, the page of documentation, and the files of all pages, to `app`."""

    @cache  # 170 kB, which anybody may ask for: written anew each time they would take 8 ms
    def document() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document(), media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE / "docs.html")

    app.mount("/page", StaticFiles(directory=_LOOK_UP), name="look-up")
    app.mount("/docs/page", StaticFiles(directory=_PAGE), name="page")
    app.mount("/docs/swagger", StaticFiles(directory=_SWAGGER), name="swagger")
