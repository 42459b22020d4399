"""Serves /docs (Swagger UI) and /openapi.json. All files come from this server."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import fastapi_offline
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

if TYPE_CHECKING:
    from fastapi import FastAPI

_PAGE: Final = Path(__file__).parent / "page"
_SWAGGER: Final = Path(fastapi_offline.__file__).parent / "static"


def serve(app: FastAPI) -> None:
    """Add the OpenAPI document and the documentation page, with its files, to `app`."""

    @cache  # 170 kB, public: writing it takes 8 ms
    def document() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document(), media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE / "docs.html")

    app.mount("/docs/page", StaticFiles(directory=_PAGE), name="page")
    app.mount("/docs/swagger", StaticFiles(directory=_SWAGGER), name="swagger")
