"""Of the tries of a flow's step, the latest one counts."""

from __future__ import annotations

from parallel_agents.core.retry_keys import earlier_tries


def test_a_try_is_earlier_if_a_later_one_is_of_the_same_step() -> None:
    keys = ["facts/1", "facts/2", "facts/1/retry-2", "facts/1@0123456789ab", "facts/2/retry-x"]

    assert earlier_tries(keys) == [True, False, True, False, False]
