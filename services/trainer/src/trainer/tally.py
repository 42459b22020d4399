"""Counts and sums that tell whether the scores are of the customers as they are."""

from __future__ import annotations

from typing import NamedTuple


class Tally(NamedTuple):
    """Enough to tell whether scores are of these customers as they are: numbers of refreshes never go back.

    So no score carries a higher number than its customer, and where the sums are equal, all are.
    """

    customers: int = 0
    ids: int = 0  # their sum
    revisions: int = 0  # their sum
    lowest: int = 0  # revision
    by_segment: tuple[tuple[str, int], ...] = ()  # how many customers, the largest first

    @property
    def who(self) -> tuple[int, int]:
        """What is equal when both are of the same customers."""
        return self.customers, self.ids

    @property
    def state(self) -> tuple[int, int, int]:
        """What is equal when the scores are of the customers as they are."""
        return self.customers, self.ids, self.revisions
