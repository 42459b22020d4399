"""Text that came from outside, safe to show: a terminal obeys escape characters, and a reader believes line breaks."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return `text` with whatever does not print written as an escape: a line break as `\n`, ESC as `\x1b`.

    Characters that turn the reading direction around do not print either. Empty text stays empty.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
