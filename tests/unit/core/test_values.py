"""The small values: identifiers, limits, money, tasks, and what a run does now."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Attempted,
    Body,
    Finished,
    Queued,
    Refused,
    Retrying,
    Started,
    ToolStarted,
)
from parallel_agents.core.ids import OwnerId, make_session_key, make_team_key, short
from parallel_agents.core.limits import DEFAULTS, Limits
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import FREE, Price, Spend, Usage
from parallel_agents.errors import InvalidInput, RateLimited
from parallel_agents.views.activity import doing_after

tokens = st.integers(0, 10**9)
usages = st.builds(Usage, tokens, tokens, tokens, tokens)
spends = st.builds(Spend, usages, tokens, tokens, st.integers(0, 3))
limits = st.builds(
    Limits, max_turns=st.none() | st.integers(1, 99), attempts=st.sampled_from([1, 2])
)


def test_a_session_key_is_of_the_field_s_form_and_has_a_short_one() -> None:
    key = make_session_key("code_reviewer")

    assert key.startswith("agent:code_reviewer:subagent:")
    assert short(key) == key.rsplit(":", 1)[-1][:8]
    assert short(make_team_key("content", "a-long-name")) == "a-long-name"
    assert make_session_key("a") != make_session_key("a")


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 10**9, float("inf"), float("nan")])
def test_a_limit_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=name):
        replace(Limits(), **{name: value})


@given(limits, limits, limits)
def test_stronger_limits_win_and_the_order_of_laying_over_does_not_matter(
    a: Limits, b: Limits, c: Limits
) -> None:
    assert a.over(b).over(c) == a.over(b.over(c))
    assert a.over(Limits()) == Limits().over(a) == a
    assert a.over(DEFAULTS).max_turns == (a.max_turns or DEFAULTS.max_turns)


@given(spends, spends, spends)
def test_spends_add_up_in_any_order(a: Spend, b: Spend, c: Spend) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Spend() == a
    assert (a.usage + b.usage).total_tokens == a.usage.total_tokens + b.usage.total_tokens


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    priced = Spend(Usage(1), calls=1, cost_nanousd=1_500_000_000)

    assert priced.cost_usd == 1.5
    assert (priced + Spend(Usage(1), calls=1, unpriced_calls=1)).cost_usd is None
    assert Spend().cost_usd == 0


def test_a_price_counts_each_kind_of_token_and_rounds_up() -> None:
    price = Price(input_usd=1, output_usd=10, cache_read_usd=0.1, cache_write_usd=1.25)

    assert price.cost_nanousd(Usage(1000, 100, 10, 8)) == 1_000_000 + 1_000_000 + 1000 + 10_000
    assert Price(input_usd=0.0001, output_usd=0).cost_nanousd(Usage(1)) == 1
    assert Price(input_usd=2, output_usd=0).cost_nanousd(Usage(0, 0, 5, 5)) == 20_000
    assert FREE.cost_nanousd(Usage(10**9, 10**9)) == 0


@given(usages, usages)
def test_what_is_used_more_never_costs_less(a: Usage, b: Usage) -> None:
    price = Price(input_usd=0.15, output_usd=0.6, cache_read_usd=0.075)

    assert price.cost_nanousd(a + b) >= price.cost_nanousd(a)


def test_a_team_s_tasks_have_the_keys_that_they_name_or_their_places() -> None:
    agent = Agent(name="a", description="", instructions="")
    team = TeamTask(tasks=(Task("a", "x"), Task(agent, "y", key="named"), Task("a", "z")))

    assert team.keys == ("task-1", "named", "task-3")
    assert {task.agent_name for task in team.tasks} == {"a"}
    with pytest.raises(InvalidInput, match="max_parallel"):
        TeamTask(tasks=(), max_parallel=0)


def test_a_status_is_over_or_live() -> None:
    live = {status for status in RunStatus if not status.is_over}

    assert live == {RunStatus.QUEUED, RunStatus.RUNNING}


ERROR = Failure.of(RateLimited("slow down", why="too many", hint="wait"))


@pytest.mark.parametrize(
    ("body", "activity"),
    [
        (Queued(text="x"), "waits for a slot"),
        (Started(owner=OwnerId("me"), epoch=1), "asks the model"),
        (ToolStarted(turn=1, call=ToolCall("1", "web", {}), effect=Effect.PURE), "calls web"),
        (
            Retrying(turn=1, attempt=1, error=ERROR, wait_seconds=2.4),
            "slow down; again in 2 s, try 2",
        ),
        (
            Retrying(turn=1, attempt=2, error=ERROR, wait_seconds=0.3),
            "slow down; again at once, try 3",
        ),
        (Refused(turn=1, text="x"), "corrects its answer"),
        (Attempted(number=2, error=ERROR), "begins again, attempt 2"),
        (Finished(outcome=Outcome(status=RunStatus.DONE)), ""),
    ],
)
def test_what_a_run_does_follows_from_its_last_event(body: Body, activity: str) -> None:
    assert doing_after(body) == activity


def test_an_error_is_kept_with_all_that_it_says() -> None:
    assert Failure("PA-E201", "slow down", "too many", "wait") == ERROR
