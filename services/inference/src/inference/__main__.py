"""`python -m inference`: serve the API until told to stop. Configured by the environment (see .env.example)."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import uvicorn

from inference.app import create_app
from inference.http.protocol import BoundedHeadProtocol
from inference.settings import Settings
from retention.errors import BadConfigurationError
from retention.logs import configure_logs


def main() -> int:
    """Return the exit code: 0 when stopped, 78 when a setting cannot be used."""
    try:
        settings = Settings.from_environ(os.environ)
        app = create_app(settings, now=lambda: datetime.now(UTC))
    except BadConfigurationError as error:
        print(f"inference: {error}", file=sys.stderr)
        return error.exit_code
    configure_logs(settings.log_level)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedHeadProtocol,
        ws="none",
        log_config=None,  # ours, JSON
        access_log=False,  # ours, with the request id
        server_header=False,
        proxy_headers=False,  # nobody's word is taken for where a request comes from
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
