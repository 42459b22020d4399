"""Make the missing secrets: a password per database user, keys for models, customers and the log. None is printed.

    DIR/admin/mongo_uri      DIR/trainer/mongo_uri, model_signing_key
    DIR/seeder/mongo_uri, identity_key
    DIR/inference/mongo_uri, model_signing_key and identity_key (the same keys), id_hash_key

Runs at every start: existing secrets stay, only the address in a URI follows `--host`. Killed at any point, it can be
run again. Existing folders keep their owner and group, which decide who may read the files in them.

The identity key turns e-mails into customer numbers. It is never replaced: under a new key every customer with a text
id would be another one.

`--renew` replaces one of the other kinds. The admin's previous password goes to admin/mongo_uri.before: the database
knows only that one until make_users.py has run. So make_users.py has to run before passwords are renewed again.
"""  # noqa: INP001 - a script, run by its path

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from retention.errors import CannotWriteError
from retention.logs import configure_logs
from retention.registry.files import replace_durably

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADMIN: Final = "admin"
SERVICES: Final = ("seeder", "trainer", "inference")
SIGNERS: Final = ("trainer", "inference")  # one signs, the other verifies: HMAC takes the same key for both
IDENTIFIERS: Final = ("seeder", "inference")  # both read customers' ids, from files and from requests
PASSWORDS: Final = "passwords"
SIGNING_KEY: Final = "signing-key"
ID_HASH_KEY: Final = "id-hash-key"
SECRET_BYTES: Final = 32  # 256 bits; written as 43 characters that need no escaping in a URI

logger = logging.getLogger("make_secrets")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, required=True, metavar="DIR")
    parser.add_argument("--host", required=True, metavar="HOST:PORT", help="where the services find MongoDB")
    parser.add_argument("--renew", choices=(PASSWORDS, SIGNING_KEY, ID_HASH_KEY), help="replace these")
    options = parser.parse_args()
    configure_logs(os.environ.get("LOG_LEVEL", "info"))
    try:
        with _locked(options.directory):
            made = make_secrets(options.directory, options.host, renew=options.renew)
    except OSError as error:
        logger.error("cannot write %s: %s", error.filename, error.strerror)  # noqa: TRY400 - one line is enough
        return CannotWriteError.exit_code
    logger.info("the secrets are in %s", options.directory, extra={"written": made})
    return 0


def make_secrets(directory: Path, host: str, *, renew: str | None = None) -> list[str]:
    """Make the secrets that are missing in `directory` or to be renewed; return the names of the files written."""
    wanted: dict[Path, str] = {}
    admin = directory / ADMIN / "mongo_uri"
    if renew == PASSWORDS and admin.exists():
        wanted[admin.with_name(f"{admin.name}.before")] = _content(admin)
    for user in (*SERVICES, ADMIN):  # the admin last: its previous password is kept by then
        path = directory / user / "mongo_uri"
        password = _kept(urlsplit(_content(path)).password, replace=renew == PASSWORDS)
        wanted[path] = f"mongodb://{user}:{password}@{host}/?authSource=admin"
    wanted |= _shared(directory, SIGNERS, "model_signing_key", replace=renew == SIGNING_KEY)
    wanted |= _shared(directory, IDENTIFIERS, "identity_key", replace=False)
    id_hash_key = directory / "inference" / "id_hash_key"  # with a new one, last week's log names customers differently
    wanted[id_hash_key] = _kept(_content(id_hash_key), replace=renew == ID_HASH_KEY)
    return [str(path.relative_to(directory)) for path, content in wanted.items() if _ensure(path, content)]


def _shared(directory: Path, services: Sequence[str], name: str, *, replace: bool) -> dict[Path, str]:
    """Return a file for each service with one key: the first that exists, unless it is to be replaced."""
    keys = [directory / service / name for service in services]
    return dict.fromkeys(keys, _kept(next(filter(None, map(_content, keys)), None), replace=replace))


def _kept(secret: str | None, *, replace: bool) -> str:
    return secret if secret and not replace else secrets.token_urlsafe(SECRET_BYTES)


def _content(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _ensure(path: Path, content: str) -> bool:
    """Make `path` hold `content`, readable by the group if its folder is; return whether it had to be written."""
    missing = _content(path) != content
    if missing:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_durably(path, f"{content}\n".encode(), mode=0o640)
    path.chmod(0o440 if path.parent.stat().st_mode & 0o050 else 0o400)
    return missing


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Lock `directory` for one run: two would each make a password, and one of them would be lost."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
