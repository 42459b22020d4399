"""The rules for containers, where they need no container."""

from __future__ import annotations

import pytest
from e2e.hardening import has_secret


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("MONGO_URI=mongodb://seeder:hunter2@mongo/", True),
        ("MODEL_SIGNING_KEY=hunter2", True),
        ("APIKEY=hunter2", True),
        ("db_password=hunter2", True),
        ("MODEL_SIGNING_KEY_FILE=/secrets/trainer/key", False),
        ("API_KEYS_FILE=/keys/api_keys", False),
        (
            "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
            False,
        ),  # of Python's own image: whose signature it looked for
        ("LICENSE=https://example.org/a:b/c@d", False),
        ("the_known_one", True),
    ],
)
def test_a_secret_is_told_from_the_place_of_one(text: str, is_one: bool) -> None:
    assert has_secret(text, ["known"]) is is_one
