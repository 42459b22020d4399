"""`python -m inference key NAME`: make an API key and its line for the key file. Only its hash is stored."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.http.keys import ALL_SCOPES, make_key, read_keys
from retention.errors import BadConfigurationError, CannotWriteError
from retention.registry.files import sync_directory

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_MODE: Final = 0o640  # hashes of random keys reveal nothing; names do


def add_arguments(parser: ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("name", metavar="NAME", help="the key's name; it appears in the log, the key never does")
    parser.add_argument(
        "--scopes", default="read", help=f"any of {', '.join(ALL_SCOPES)}, separated by commas (default: read)"
    )
    parser.add_argument("--limit", default="", help="such as 600/minute (default: RATE_LIMIT)")
    parser.add_argument("--file", type=Path, help="the key file to append to (default: print the line)")


def run(options: Namespace) -> int:
    """Print the key once; return the exit code."""
    try:
        key, line = make_key(options.name, options.scopes, options.limit)
        if options.file:
            _append(options.file, options.name, line)
    except ValueError as error:
        raise BadConfigurationError(str(error)) from None
    except OSError as error:
        raise CannotWriteError(f"cannot write {options.file}: {error.strerror}") from None
    sys.stdout.write(f"{key}\n")
    sys.stderr.write(f"added to {options.file}; the key is not shown again\n" if options.file else f"{line}\n")
    return 0


def _append(path: Path, name: str, line: str) -> None:
    """Append `line` to the file, created if missing, and wait until it is on disk."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE), "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two commands at once would both find the name free
        content = file.read()
        if name in {key.name for key in read_keys(path)}:
            raise BadConfigurationError(f"{path} already has a key named {name}: remove its line first")
        if not content:
            os.fchmod(file.fileno(), _MODE)  # just created, under a umask
        torn = content and not content.endswith(b"\n")
        file.write(b"\n" * bool(torn) + line.encode() + b"\n")
        os.fsync(file.fileno())
    sync_directory(path.parent)
