"""A run's status, and the failure that it keeps."""

from __future__ import annotations

from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.errors import RateLimited

ERROR = Failure.of(RateLimited("slow down", why="too many", hint="wait"))


def test_a_status_is_over_or_live() -> None:
    live = {status for status in RunStatus if not status.is_over}

    assert live == {RunStatus.QUEUED, RunStatus.RUNNING}


def test_an_error_is_kept_with_all_that_it_says() -> None:
    assert Failure("PA-E201", "slow down", "too many", "wait") == ERROR


def test_of_an_endless_error_the_start_is_kept() -> None:
    kept = Failure.of(RateLimited("m" * 10**6, why="w" * 10**6, hint="h" * 10**6))

    assert [len(text) for text in (kept.message, kept.why, kept.hint)] == [4_000] * 3
    assert kept.message.endswith("m…")
