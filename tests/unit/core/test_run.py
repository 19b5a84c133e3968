"""A run's status, and the failure that it keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parallel_agents.core.run import Answered, Failure, RunStatus
from parallel_agents.errors import RateLimited

ERROR = Failure.of(RateLimited("slow down", why="too many", hint="wait"))


def test_a_status_is_over_or_live() -> None:
    live = {status for status in RunStatus if not status.is_over}

    assert live == {RunStatus.QUEUED, RunStatus.RUNNING}


def test_an_error_is_kept_with_all_that_it_says() -> None:
    assert Failure("PA-E201", "slow down", "too many", "wait") == ERROR


def test_an_error_shows_what_it_says_and_nothing_empty() -> None:
    assert str(Failure("PA-E201", "slow")) == "Failure(code='PA-E201', message='slow')"
    assert eval(repr(ERROR)) == ERROR


def test_of_an_endless_error_the_start_is_kept() -> None:
    kept = Failure.of(RateLimited("m" * 10**6, why="w" * 10**6, hint="h" * 10**6))

    assert [len(text) for text in (kept.message, kept.why, kept.hint)] == [4_000] * 3
    assert kept.message.endswith("m…")


def test_an_output_is_changed_without_its_json() -> None:
    answered: Answered[Any] = Answered(output_json={"items": ["tea"]})

    answered.output["items"].append("rain")

    assert answered.output == {"items": ["tea", "rain"]}
    assert answered.output_json == {"items": ["tea"]}
    assert answered == Answered(output_json={"items": ["tea"]})


def test_a_result_with_another_answer_has_another_output() -> None:
    answered: Answered[Any] = Answered(output_json=["tea"])
    answered.output.append("rain")

    assert replace(answered, output_json=["fog"]).output == ["fog"]
