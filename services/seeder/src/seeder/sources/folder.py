"""A folder of files that belong together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from retention.errors import NoInputError
from seeder.sources.zip_archive import is_readable

if TYPE_CHECKING:
    from pathlib import Path


def files_in(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files that may hold tables, by name, and the names of the others; hidden ones are neither.

    Raises NoInputError when there is none.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    found = [path for path in files if is_readable(path.name) or path.suffix.lower() == ".zip"]
    if not found:
        raise NoInputError(f"{folder}: not a file, and no folder with a CSV, XLSX, Parquet or zip file: name a file")
    return found, [path.name for path in files if path not in found]


def sha256_of(files: list[Path]) -> str:
    """Return the hash over the names and contents of the files."""
    hashed = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        hashed.update(f"{content} {path.name}\n".encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()
