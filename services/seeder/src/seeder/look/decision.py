"""Whether a load goes on: findings that ask are answered on the terminal, by --yes, or by a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seeder.look.plausibility import Finding


def decide(findings: Sequence[Finding], *, yes: bool, ask: Callable[[str], str] | None) -> None:
    """Return when the load may go on; BadDataError (65) otherwise, before anything is written.

    `ask` puts a question to the terminal and returns the answer; None without a terminal. Findings that --yes does not
    answer are refused in any case: they need the option that they name.
    """
    asking = [finding for finding in findings if finding.severity == "asks"]
    refused = [finding.text for finding in asking if not finding.by_yes]
    if refused:
        raise BadDataError(f"nothing was loaded: {' · '.join(refused)}")
    if not asking or yes:
        return
    if ask is None:
        texts = " · ".join(finding.text for finding in asking)
        raise BadDataError(f"nothing was loaded: {texts} · if this is right, add --yes")
    if ask(question(asking)).strip().lower() not in {"y", "yes"}:
        raise BadDataError("nothing was loaded, as you decided")


def question(asking: Sequence[Finding]) -> str:
    """Return the findings that ask as text for a terminal, ending with the question."""
    return "".join(f"  ? {finding.text}\n" for finding in asking) + "Load it all the same? [y/N] "
