"""Property tests without a deadline: on a busy machine a first call takes longer than the 200 ms of the default."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
