"""`python -m inference` serves the API until stopped; settings come from the environment (see .env.example).

`python -m inference key NAME` makes an API key.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from datetime import UTC, datetime

import uvicorn

from inference import make_key
from inference.app import create_app
from inference.database.shop import refuse_other_settings
from inference.http.server import protocol_for
from inference.settings import Settings
from retention.errors import RetentionError
from retention.logs import configure_logs

logger = logging.getLogger("inference")


def main() -> int:
    """Return the exit code: 78 for an invalid setting. A stop signal ends the process with 143 or 130."""
    parser = argparse.ArgumentParser(
        prog="inference", description="Serve the API until stopped. For settings see .env.example."
    )
    commands = parser.add_subparsers(title="another command", metavar="key")
    key = commands.add_parser("key", help="make an API key", description=make_key.__doc__)
    make_key.add_arguments(key)
    key.set_defaults(run=make_key.run)
    parser.set_defaults(run=serve)
    options = parser.parse_args()
    try:
        return int(options.run(options))
    except RetentionError as error:
        print(f"inference: {error}", file=sys.stderr)
        return error.exit_code


def serve(_: argparse.Namespace) -> int:
    """Serve until stopped; raises BadConfigurationError."""
    settings = Settings.from_environ(os.environ)
    app = create_app(settings, now=lambda: datetime.now(UTC))
    configure_logs(settings.log_level)
    if settings.api_keys_file is None:
        logger.warning(
            "API_KEYS_FILE is not set: anyone who reaches the port may read, post lines and change the champion"
        )
    refuse_other_settings(settings)
    _collect_garbage_seldom()
    proxies = settings.trusted_proxies
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol_for(settings.connections_per_address, proxies, app.state.metrics.answered),
        ws="none",
        log_config=None,  # ours, JSON
        access_log=False,  # ours, with the request id
        server_header=False,
        proxy_headers=bool(proxies),  # without a proxy, forwarded addresses are not trusted
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=5,
    )
    return 0


def _collect_garbage_seldom() -> None:
    """Exempt existing objects from garbage collection, and collect after 20,000 new objects instead of 700.

    Requests leave hardly any cycles, and collection took an eighth of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


if __name__ == "__main__":
    sys.exit(main())
