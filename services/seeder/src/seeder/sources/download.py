"""A download that resumes where it broke off."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadDataError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

_OK: Final = 200
_PARTIAL: Final = 206
_NOTHING_LEFT: Final = 416  # the file is complete


class Download(NamedTuple):
    """A file to download from `url` to `part`, a file that is kept until the download is complete."""

    url: str
    part: Path
    max_bytes: int
    timeout_s: float  # without a byte
    progress: Callable[[int], Any]  # called with the size of each block

    def resume(self, file: IO[bytes]) -> None:
        """Append the missing bytes to `file`, the open `part`; start again when the server has another version.

        Raises UnavailableError when the server does not answer, answers with an error, or breaks off, and BadDataError,
        with everything deleted, for more than `max_bytes`.
        """
        import httpx  # noqa: PLC0415 - 20 MB that no other command needs

        headers = {"Accept-Encoding": "identity"} | self._range(file.tell())
        try:
            with (
                httpx.Client(follow_redirects=True, timeout=self.timeout_s) as client,
                client.stream("GET", self.url, headers=headers) as response,
            ):
                if response.status_code != _NOTHING_LEFT:
                    self._receive(response, file)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            file.flush()
            next_step = f" after {file.tell():,} bytes: run the same command again to resume" if file.tell() else ""
            raise UnavailableError(f"{self.url}: {str(error) or type(error).__name__}{next_step}") from None

    def delete(self) -> None:
        """Delete what was downloaded."""
        self.part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)

    @property
    def _version(self) -> Path:
        """The file that holds the version of the server's file that `part` belongs to."""
        return self.part.with_name(self.part.name + ".version")

    def _range(self, size: int) -> dict[str, str]:
        """Return the headers that request the rest of the same version, or all of another one."""
        if not size:
            return {}
        version = self._version.read_text(encoding="ascii", errors="ignore") if self._version.exists() else ""
        return {"Range": f"bytes={size}-"} | ({"If-Range": version} if version else {})

    def _receive(self, response: httpx.Response, file: IO[bytes]) -> None:
        size = file.tell()
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {size}-")
        if response.status_code == _OK:
            if size:
                file.truncate(file.seek(0))
            self._remember_version(response)
        elif response.status_code != _PARTIAL or not continues:
            raise UnavailableError(f"{response.url}: the server answered {response.status_code}: try again later")
        for block in response.iter_raw():  # as they come: in blocks of a fixed size, a half-full one would be lost
            file.write(block)
            self.progress(len(block))
            if file.tell() > self.max_bytes:
                self.delete()
                raise BadDataError(
                    f"{response.url}: more than {self.max_bytes >> 20} MiB: not the expected file: check --url"
                )
        file.flush()

    def _remember_version(self, response: httpx.Response) -> None:
        tag = response.headers.get("ETag", "W/")
        # A weak tag must not be used with a range.
        version = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
        if version.isascii() and version:
            self._version.write_text(version, encoding="ascii")
        else:
            self._version.unlink(missing_ok=True)
