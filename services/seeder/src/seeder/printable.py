"""Makes text from outside safe to show: a terminal obeys escape characters, and a line break can forge a message."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return `text` with each unprintable character as an escape: a line break as `\n`, ESC as `\x1b`.

    Characters that reverse the reading direction are unprintable, too. Empty text stays empty.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
