"""`python -m trainer COMMAND`: train models, publish them, and choose the version that is live."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from retention.errors import RetentionError
from trainer import versions
from trainer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trainer.train import Trained

_EXIT_CODES = """\
exit codes: 0 done, or nothing to do · 1 error · 2 usage · 3 refused by the gate, the champion is unchanged ·
  4 not enough data · 65 customers derived by another version · 66 no such version · 69 MongoDB does not answer ·
  73 cannot write, or disk full · 75 locked: try later · 77 not permitted · 78 bad configuration
settings: environment variables MONGO_URI, DB_NAME, MODELS_DIR, MODEL_SIGNING_KEY_FILE and others (.env.example)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        for line in options.run(options, Settings.from_environ(os.environ)):
            _say(line)
    except RetentionError as error:
        print(f"trainer: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("trainer: interrupted; 'python -m trainer list' shows the champion", file=sys.stderr)
        return 130
    return 0


def _say(line: str) -> None:
    """Print at once, so that finished steps are visible when a later one fails; a closed pipe is no error."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainer",
        description=__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, run, add_options, summary in (
        ("train", _train, _train_options, "train, evaluate, publish, and promote if the gate passes"),
        ("score", _score, lambda _: None, "score and segment all customers with the champion, inside the database"),
        ("report", _report, _report_options, "print the path of a version's report, or copy it"),
        ("list", _list, _list_options, "list the versions, newest first: grade, ROC-AUC, champion, unsound ones"),
        ("promote", _promote, _promote_options, "make a version the champion, whatever its gate result"),
        ("rollback", _rollback, _add_reason, "return to the previous champion; repeat to go further back"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        add_options(command)
        command.set_defaults(run=run)
    return parser


# Each command: a function that yields the lines to print, and one that adds its options.


def _train(options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    from trainer.repository import open_store  # noqa: PLC0415 - pandas and scikit-learn take 2 s, which `list` does not need
    from trainer.train import train  # noqa: PLC0415

    now = datetime.now(UTC)
    with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s) as store:
        settings = settings.in_currency(store.currency(settings.stated_currency))
        trained = train(store, settings, now=now, horizon_days=options.horizon_days, force=options.force, say=_say)
        yield from _summary(trained)
        yield from _score(options, settings)


def _train_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--horizon-days", type=horizon_days, default=90, metavar="N", help="predict churn over N days (default 90)"
    )
    command.add_argument("--force", action="store_true", help="train even if the champion has the same data and code")


def _score(_options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    """Score all customers; every command that moves the champion ends with this."""
    from trainer.repository import open_store  # noqa: PLC0415
    from trainer.score import score_champion  # noqa: PLC0415 - as above

    with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s) as store:
        yield from score_champion(store, settings).lines()


def _report(options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    report = versions.report(settings, options.version)
    if options.to is None:
        yield str(report.resolve())
    elif options.to == "-":
        yield report.read_text(encoding="utf-8")
    else:
        yield versions.copy_report(report, Path(options.to))


def _report_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("version", metavar="VERSION", nargs="?", help="a version from 'list' (default: the champion)")
    command.add_argument("--to", metavar="FILE", help="copy the report to FILE; - is standard output")


def _list(options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    found = versions.list_versions(settings)
    yield from [json.dumps([version.to_json() for version in found])] if options.json else versions.table(found)


def _list_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON array")


def _promote(options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    yield versions.promote(settings, options.version, at=datetime.now(UTC), reason=options.reason)
    yield from _score(options, settings)


def _promote_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("version", metavar="VERSION", help="a version from 'list'")
    _add_reason(command)


def _rollback(options: argparse.Namespace, settings: Settings) -> Iterator[str]:
    yield versions.rollback(settings, at=datetime.now(UTC), reason=options.reason)
    yield from _score(options, settings)


def _add_reason(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reason", default="", metavar="TEXT", help="the reason, for champion.log")


def horizon_days(text: str) -> int:
    """Return the horizon in days, from 7 to 365."""
    days = int(text)
    if not 7 <= days <= 365:  # noqa: PLR2004 - a week, a year
        raise argparse.ArgumentTypeError("must be from 7 to 365")
    return days


def _summary(trained: Trained) -> Iterator[str]:
    metrics = trained.manifest["metrics"]
    older = trained.manifest["comparison"]["older_three_features"]["roc_auc"]
    yield f"champion        {trained.version}" + (
        "" if trained.fresh else " (already trained on this data: nothing to do)"
    )
    for name in ("roc_auc", "pr_auc", "ece", "brier", "lift_top_decile"):
        metric = metrics[name]
        yield f"{name:<16}{metric['value']:.3f}  ({metric['low']:.3f} to {metric['high']:.3f})"
    yield f"for comparison  the older three-feature model has roc_auc {older['value']:.3f}"


if __name__ == "__main__":
    sys.exit(main())
