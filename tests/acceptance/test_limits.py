"""Limits of models: set while runs wait, seen from another process, and learned from refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_agents.testing import HttpError

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

TASK = ("spawn", "content_writer_funny", "Tea", "--wait")


def test_a_limit_holds_a_run_of_another_process_until_it_is_taken_back(
    pagents: Pagents, provider: FakeProvider
) -> None:
    told = pagents("limits", "set", "bench/good", "--rpm", "1")
    assert pagents(*TASK).code == 0
    waits = pagents.start(*TASK, "--label", "late")
    pagents.wait_until(
        lambda: bool(pagents.query("SELECT 1 FROM events WHERE key LIKE '%waiting%'"))
    )

    (line,) = pagents.items("limits")
    history = pagents("history", "late").out
    shown = pagents("limits").out
    provider.wait_answered(1)
    off = pagents("limits", "set", "bench/good", "--off")
    ended = waits.ended()

    assert told.out == "bench/good: 1 requests, - tokens per minute (set)\n"
    assert line["model"] == "bench/good"
    assert line["requests"] == 1
    assert line["requests_per_minute"] == 1
    assert line["waiting"] == 1
    assert line["in_flight"] == 0
    assert line["source"] == "set"
    assert "waits for the request limit of bench/good" in history
    assert "1 of 1" in shown
    assert off.out == "bench/good: no limit\n"
    assert ended.code == 0
    assert len(provider.requests) == 2
    assert pagents("limits").err == "No model has a limit or was refused a call.\n"


def test_a_refusal_closes_the_door_for_every_process(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(429, "slow down", headers={"retry-after": "3600"}), times=1)

    first, second = pagents(*TASK), pagents(*TASK)

    (line,) = pagents.items("limits")
    assert "PA-E201" in first.err
    assert "bench/good accepts no calls for" in second.err
    assert len(provider.requests) == 1
    assert line["closed_until"] is not None
    assert pagents("limits", "set", "bench/good", "--off").code == 0
    assert pagents(*TASK).code == 0


def test_a_configured_limit_is_listed_with_its_source(pagents: Pagents) -> None:
    limit = '[providers.openai.limits."*"]\ntokens_per_minute = 9000\n'
    pagents.project("config.toml", limit)

    (line,) = pagents.items("limits", "list")

    assert line["model"] == "openai/*"
    assert line["tokens_per_minute"] == 9000
    assert line["source"] == "configuration"


def test_what_is_no_model_and_what_sets_nothing_are_refused(pagents: Pagents) -> None:
    pagents("limits", "set", "good", "--rpm", "1").assert_refused("PA-E111", "good", exits=10)
    pagents("limits", "set", "bench/good").assert_refused("PA-E101", "nothing to set", exits=2)
    pagents("limits", "set", "bench/good", "--off", "--tpm", "2").assert_refused(
        "PA-E101", "--off cannot be used with a limit", exits=2
    )
    pagents("limits", "set", "agent:codr", "--off").assert_refused(
        "PA-E102", "did you mean 'coder'", exits=4
    )


NEVER = """\
---
name: never
description: Writes what no gate takes.
gates:
  - condition: len(text) < 1
---

Write.
"""


def test_an_agent_that_keeps_failing_is_shown_as_left_alone_and_can_be_used_at_once(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents.project("agents/never.md", NEVER)
    tasks = "".join(f"  - {{agent: never, label: n{n}, text: Task {n}}}\n" for n in range(12))
    crew = pagents.file("crew.yaml", f"name: crew\ndescription: A crew.\ntasks:\n{tasks}")

    ended = pagents("run", crew, "--id", "tea", "--max-parallel", "1")
    (line,) = pagents.items("limits")
    letters = pagents.items("dlq", "list", "--agent", "never", "--code", "E312")
    decisions = pagents("audit", "tea").out
    off = pagents("limits", "set", "agent:never", "--off")
    again = pagents("spawn", "never", "Tea", "--wait")

    assert ended.code != 0
    assert "PA-E312" in ended.out
    assert line["model"] == "agent:never"
    assert line["breaker"] == "open"
    assert len(letters) == 2
    assert "agent never keeps failing and is paused for 60 s" in decisions
    assert off.out == "agent:never: circuit closed\n"
    assert "PA-E310" in again.err
    assert len(provider.requests) == 11
    pagents("limits", "set", "agent:never", "--rpm", "1").assert_refused(
        "PA-E101", "agents have no limits", exits=2
    )
