"""`python -m trainer train`: learn from the data as of its clock, and publish what is good enough."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retention.errors import RetentionError
from trainer.settings import Settings
from trainer.store import open_store
from trainer.train import Trained, train

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environ(os.environ)
        with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s) as store:
            trained = train(
                store,
                settings,
                now=datetime.now(UTC),
                horizon_days=options.horizon_days,
                force=options.force,
                say=print,
            )
    except RetentionError as error:
        print(f"trainer: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("trainer: stopped: the champion is unchanged, or the new one", file=sys.stderr)
        return 130
    print("\n".join(_lines(trained)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train, evaluate, gate, publish, promote")
    training.add_argument("--horizon-days", type=_horizon_days, default=90, metavar="N")
    training.add_argument(
        "--force", action="store_true", help="train although the champion is of the same data and code"
    )
    return parser


def _horizon_days(text: str) -> int:
    days = int(text)
    if not 7 <= days <= 365:  # noqa: PLR2004 - a week, a year
        raise argparse.ArgumentTypeError("must be from 7 to 365")
    return days


def _lines(trained: Trained) -> list[str]:
    metrics = trained.manifest["metrics"]
    older = trained.manifest["comparison"]["older_three_features"]["roc_auc"]
    return [
        f"champion     {trained.version}" + ("" if trained.fresh else " (trained on this data already: nothing to do)"),
        *(
            f"{name:<13}{metrics[name]['value']:.3f}  ({metrics[name]['low']:.3f} to {metrics[name]['high']:.3f})"
            for name in ("roc_auc", "pr_auc", "ece", "brier", "lift")
        ),
        f"beside it: the older three-feature model has roc_auc {older['value']:.3f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
