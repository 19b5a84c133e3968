"""A goal at the command line: planned, shown, run, killed and continued, and reported on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import HttpError
from parallel_agents.testing.behaviour import answer_by_schema
from tests.acceptance.support.waiting import wait_until

if TYPE_CHECKING:
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

GOAL = "Two posts on tea"
STEPS = (
    ("first", "content_writer_funny", "Write the first.", ()),
    ("second", "main", "Then the second.", ("first",)),
)


def plays(body: JsonObject) -> Reply:
    """The orchestrator, its agents and the reporter."""
    text = orjson.dumps(body).decode()
    if "Write the plan for this goal" in text:
        empty: JsonObject = {"input": [], "check": "", "usd": 0, "new_agent": "", "target": 0}
        steps = [
            {"id": id, "agent": agent, "text": asked, "reads": list(reads), **empty}
            for id, agent, asked, reads in STEPS
        ]
        return orjson.dumps({"steps": steps}).decode()
    if "Write the statements of the report" in text:
        statements = [
            {"from": ["first"], "text": "There is a post."},
            {"from": ["nowhere"], "text": "There is more."},
        ]
        return orjson.dumps({"statements": statements}).decode()
    return answer_by_schema(body)


def test_a_goal_is_planned_done_and_reported(pagents: Pagents, provider: FakeProvider) -> None:
    provider.answer = plays

    ended = pagents("do", GOAL, "--id", "tea", "--yes", "--budget", "1")

    assert ended.code == 0, ended.err
    assert "plan (2 steps, 1 at once, ≤ $1.00)" in ended.out
    assert "- There is a post. [first]" in ended.out
    assert "There is more." not in ended.out
    assert (
        "1 statement of the model pointed to no result that is done, and was left out." in ended.out
    )
    assert "Then the second." in provider.texts()[2]
    assert (
        (pagents.home / "results" / "tea" / "report.md")
        .read_text("utf-8")
        .startswith(f"# {GOAL}\n")
    )
    assert len(provider.requests) == 4


def test_a_killed_goal_goes_on_with_the_same_plan(pagents: Pagents, provider: FakeProvider) -> None:
    provider.answer = plays
    for held in ("Write the plan", "Write the first", "Then the second", "Write the statements"):
        provider.hold(held)
        running = pagents.start("do", GOAL, "--id", "tea", "--yes")
        wait_until(lambda held=held: any(held in text for text in provider.texts()))
        running.kill()
        provider.begin_again()

    ended = pagents("resume", "tea")

    assert ended.code == 0, ended.err
    assert "- There is a post. [first]" in ended.out
    # Each call was cut off once and made again; what had ended was not.
    assert len(provider.requests) == 8


def test_without_a_terminal_a_plan_waits_for_a_yes(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.answer = plays

    refused = pagents("do", GOAL, "--id", "tea")
    again = pagents("do", GOAL, "--id", "tea", "--yes")

    assert refused.code == 1
    assert "plan (2 steps" in refused.out
    assert "PA-E342" in refused.err
    assert "--id tea --yes" in refused.err
    assert again.code == 0, again.err
    assert len(provider.requests) == 4


def test_a_plan_that_is_written_is_a_team_file_that_runs(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.answer = plays

    written = pagents("do", GOAL, "--plan-only", "--out", "tea.yaml")
    valid = pagents("validate", "tea.yaml")
    ended = pagents("do", GOAL, "--plan", "tea.yaml", "--yes")

    assert written.code == 0, written.err
    assert "2 tasks on 2 levels" in valid.out, valid.err
    assert ended.code == 0, ended.err
    assert sum("Write the plan" in text for text in provider.texts()) == 1


def test_a_dry_run_prices_the_models_that_do_the_steps(
    pagents: Pagents, provider: FakeProvider
) -> None:
    head = "name: tea\ndescription: x\n"
    task = "{{agent: content_writer_funny, label: {0}, text: The {0} post.{1}}}"
    inner = f"tasks: [{task.format('a', '')}, {task.format('b', ', needs: [a]')}]\n"
    steps = (task.format("one", ""), task.format("two", ", model: bench/two"), "{flow: inner.yaml}")
    pagents.file("inner.yaml", f"{head}model: bench/inner\n{inner}")
    file = pagents.file("tea.yaml", f"{head}model: bench/file\ntasks: [{', '.join(steps)}]\n")
    command = ("do", GOAL, "--plan", file, "-m", "bench/given")

    priced = pagents.json(*command, "--dry-run")
    ended = pagents(*command, "--yes")

    assert ended.code == 0, ended.err
    models = [
        (str(request.body["model"]), text)
        for request, text in zip(provider.requests, provider.texts(), strict=True)
    ]
    asked = {
        each["label"]: {f"bench/{model}" for model, text in models if _told(each["label"]) in text}
        for each in priced["items"]
    }
    assert asked == {each["label"]: {each["model"]} for each in priced["items"]}
    assert [each["model"] for each in priced["items"]] == [
        "bench/given",
        "bench/two",
        "bench/inner",
        "bench/inner",
    ]


def _told(label: str) -> str:
    return f"The {label.rpartition('.')[2]} post."


def test_what_failed_is_planned_anew_and_told(pagents: Pagents, provider: FakeProvider) -> None:
    provider.answer = plays
    provider.gives(HttpError(400, "no"), to="Then the second")

    ended = pagents("do", GOAL, "--id", "tea", "--yes")

    assert ended.code == 3
    assert "- `second` failed: " in ended.out
    assert "Nothing was planned anew" in ended.out


def test_the_budget_of_a_file_holds_and_a_goal_that_failed_is_reported_once(
    pagents: Pagents, provider: FakeProvider
) -> None:
    tasks = "tasks: [{label: first, agent: main, text: Go.}]\n"
    file = pagents.file("tea.yaml", f"name: tea\ndescription: x\nbudget: {{usd: 0.0001}}\n{tasks}")

    ended = pagents("do", GOAL, "--plan", file, "--yes")

    assert "≤ $0.01" in ended.out
    assert "PA-E308" in ended.out
    assert (ended.out + ended.err).count("## What was not done") == 1
    assert not provider.requests


def test_what_could_only_fail_is_refused_before_a_call(
    pagents: Pagents, provider: FakeProvider
) -> None:
    for arguments, told in (
        (["--agents", "nobody"], "there is no agent 'nobody'"),
        (["--agents", "agent_orchestrator"], "cannot be an agent of its own plan"),
        (["--max-steps", "31"], "--max-steps is 31"),
        (["-i", "tasks=1"], "cannot be called 'tasks'"),
        (["--out", "x.yaml"], "--out requires --plan-only"),
    ):
        ended = pagents("do", GOAL, *arguments)

        assert ended.code in (2, 4), ended.err
        assert told in ended.err
    assert not provider.requests
