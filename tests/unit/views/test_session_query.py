"""A filter says which sessions; what it cannot mean is refused with what was probably meant."""

from __future__ import annotations

import pytest

from parallel_agents.core.filter import Filter
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.views.session_query import SessionQuery, joined, parse_query

NOW = 1_000_000.0


def test_terms_are_joined_by_and_and_values_by_or() -> None:
    query = parse_query('state:failed,timed-out agent:writer since:2h "rate limit" tea', NOW)

    assert query.filter == Filter(
        statuses=(RunStatus.FAILED, RunStatus.TIMED_OUT),
        agents=("writer",),
        since=NOW - 7200,
        texts=("rate limit", "tea"),
    )
    assert query.is_decided_by_store


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('"a:b"', ("a:b",)),
        ("it's", ("it's",)),
        ('"state:failed"', ("state:failed",)),
        ('text:"one, two"', ("one, two",)),
        ('"--flag"', ("--flag",)),
    ],
)
def test_quotes_keep_what_would_be_grammar(text: str, texts: tuple[str, ...]) -> None:
    assert parse_query(text, NOW) == SessionQuery(filter=Filter(texts=texts))


def test_a_time_of_day_keeps_its_colons() -> None:
    assert parse_query("since:1970-01-02T00:00+00:00", NOW).filter.since == 86_400


@pytest.mark.parametrize("key", ["agent:writer:subagent:9d2c", "team:content:monday"])
def test_a_session_key_is_a_name(key: str) -> None:
    assert parse_query(key, NOW) == SessionQuery(within=key)


def test_who_looks_decides_what_only_they_can_see() -> None:
    for state in ("stopped", "stuck", "waiting", "running"):
        assert not parse_query(f"state:{state}", NOW).is_decided_by_store
    for state in ("live", "ended", "done"):
        assert parse_query(f"state:{state}", NOW).is_decided_by_store


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stat:failed", ("no field 'stat'", "did you mean 'state'?")),
        ("state:faild", ("no state 'faild'", "did you mean 'failed'?")),
        ("state:", ("state: has no value", "state:failed")),
        ("state: failed", ("state: has no value", "without a blank")),
        ("state:failed,", ("state: has no value", "a comma")),
        ("state:failed state:done", ("there twice", "state:failed,done")),
        ("since:tomorrow", ("since: cannot be 'tomorrow'", "30m")),
        ("since:2h,3h", ("since: takes one value", "since:2h")),
        ('tea "open', ("at character 5", 'close it: "open"')),
        ("x" * 3000, ("3,000 characters", "2,000")),
        ("x " * 60, ("60 terms", "leave some out")),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_query(text, NOW)

    error = refused.value
    told = f"{error.message} {error.why} {error.hint}"
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["state:failed", "tea"], "state:failed tea"),
        (["label:two words", "x"], 'label:"two words" x'),
        (["state:failed agent:x"], "state:failed agent:x"),
        (["rate limit"], '"rate limit"'),
        (['label:"two words" x'], 'label:"two words" x'),
    ],
)
def test_arguments_get_back_the_quotes_that_the_shell_took(arguments: list[str], text: str) -> None:
    assert joined(arguments) == text


def test_kinds_workflows_and_costs() -> None:
    query = parse_query("kind:team,flow workflow:content cost:>1,<=$2.5", NOW)

    assert query.filter == Filter(kinds=(RunnerKind.TEAM, RunnerKind.FLOW), workflows=("content",))
    assert parse_query("flow:content", NOW) == parse_query("workflow:content", NOW)
    assert not query.is_decided_by_store
    spends = [Spend(calls=1, cost_nanousd=each) for each in (10**9, 2 * 10**9, 3 * 10**9)]
    assert [all(cost.takes(spend) for cost in query.costs) for spend in spends] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("cost:1", "cost: cannot be '1'"), ("kind:teem", "there is no kind 'teem'")],
)
def test_a_value_that_a_field_cannot_have_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_query(text, NOW)
