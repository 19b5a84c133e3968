"""What is chosen from a list is found without regard to case, and never guessed."""

from __future__ import annotations

import pytest

from parallel_agents.core.fitting import chosen


@pytest.mark.parametrize(
    ("text", "choice"),
    [("yes", "yes"), ("YES", "YES"), (" No", "no"), ("Yes", None), ("maybe", None), ("", None)],
)
def test_a_choice_is_found_unless_it_could_be_several(text: str, choice: str | None) -> None:
    assert chosen(("yes", "YES", "no"), text) == choice
