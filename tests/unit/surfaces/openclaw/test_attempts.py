"""A task is tried until its answer is good, on one model after the other, and no more than helps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.policy import Policy
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, Overloaded
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.attempts import Ladder, persevere_all, usable
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel

if TYPE_CHECKING:
    from tests.unit.surfaces.openclaw.conftest import OpenApp

TASK = {"task": "Say hello."}
SMALL, LARGE = "acme/small", "acme/large"
LEAD = Agent(
    name="lead",
    description="Leads.",
    instructions="Lead.",
    policy=Policy(spawns=("main",), max_children=1),
)


async def tried(
    open_app_with: OpenApp,
    small: Sequence[Answer],
    large: Sequence[Answer] = (),
    *,
    tries: int = 2,
) -> dict[str, Any]:
    """The outcome of one task, whose models say this, in order, and are asked for all of it."""

    models = (ScriptedModel(small, SMALL), ScriptedModel(large, LARGE))
    async with open_app_with(*models) as app:
        ladder = Ladder(models=(SMALL, LARGE), tries=tries)
        (outcome,) = await persevere_all(app, Requester(), [TASK], ladder)
        return outcome


async def test_the_first_answer_that_is_good_is_the_outcome(open_app_with: OpenApp) -> None:
    outcome = await tried(open_app_with, ["Hello."])

    assert outcome["success"] is True
    assert outcome["status"] == "completed"
    assert outcome["output"] == "Hello."
    assert outcome["model_used"] == SMALL
    assert outcome["attempts"] == 1
    assert outcome["error"] is None
    assert outcome["childSessionKey"].startswith("agent:main:subagent:")
    assert outcome["runId"]


async def test_an_empty_answer_is_tried_again_and_then_on_the_next_model(
    open_app_with: OpenApp,
) -> None:
    outcome = await tried(open_app_with, [" ", " "], ["Hello."])

    assert outcome["model_used"] == LARGE
    assert outcome["attempts"] == 3


async def test_what_another_try_cannot_mend_goes_to_the_next_model_at_once(
    open_app_with: OpenApp,
) -> None:
    outcome = await tried(open_app_with, [AuthFailed("the key was refused")], ["Hello."])

    assert outcome["model_used"] == LARGE
    assert outcome["attempts"] == 2


async def test_where_no_answer_is_good_the_last_error_is_told(open_app_with: OpenApp) -> None:
    outcome = await tried(open_app_with, [" "], [AuthFailed("the key was refused")], tries=1)

    assert outcome["success"] is False
    assert outcome["status"] == "failed"
    assert outcome["attempts"] == 2
    assert outcome["error"].startswith("PA-E203 the key was refused")


async def test_a_refused_spawn_is_an_outcome_and_is_not_tried_again(open_app_with: OpenApp) -> None:
    async with open_app_with(ScriptedModel([], SMALL)) as app:
        asked = [{"task": "x", "thread": True}, {"task": " "}]
        refused, empty = await persevere_all(
            app, Requester(), asked, Ladder(models=[None], tries=3)
        )

    assert refused["success"] is False
    assert refused["attempts"] == 1
    assert "thread=true" in refused["error"]
    assert empty["error"] == "task required"


async def test_a_run_that_was_killed_is_not_begun_again(open_app_with: OpenApp) -> None:
    model = RepliesWith(lambda _: "Hello.", SMALL, latency_seconds=60)

    async with open_app_with(model) as app, asyncio.TaskGroup() as group:
        ladder = Ladder(models=[SMALL], tries=3)
        trying = group.create_task(persevere_all(app, Requester(), [TASK], ladder))
        await asyncio.sleep(30)  # of virtual time: half of what the model takes
        await app.sessions.kill("main")
        outcome = (await trying)[0]

    assert outcome["success"] is False
    assert outcome["attempts"] == 1
    assert outcome["error"].startswith("PA-E304")


async def test_several_tasks_are_tried_side_by_side(open_app_with: OpenApp) -> None:
    model = RepliesWith(lambda _: "Hello.", SMALL, latency_seconds=1)

    async with open_app_with(model) as app:
        began = asyncio.get_running_loop().time()
        found = await persevere_all(app, Requester(), [TASK] * 10, Ladder(models=[None]))
        count = sum(o["success"] for o in found)
        seconds = asyncio.get_running_loop().time() - began

    assert count == 10
    assert seconds < 2


async def test_a_session_that_may_have_one_child_has_them_one_after_the_other(
    open_app_with: OpenApp,
) -> None:
    model = RepliesWith(lambda _: "Hello.", SMALL, latency_seconds=1)
    async with open_app_with(model, agents=[LEAD]) as app:
        lead = await app.sessions.spawn(Task("lead", "Wait."))
        requester = Requester(session=SessionKey(lead.session_key))
        outcomes = await persevere_all(
            app, requester, [{**TASK, "agentId": "main"}] * 4, Ladder(models=[None])
        )

    assert [outcome["success"] for outcome in outcomes] == [True] * 4


@pytest.mark.parametrize(
    ("variables", "usable_models", "skipped"),
    [
        ({}, [None], ["anthropic/claude-haiku-4-5", "kimi-coding/k2p5"]),
        ({"KIMI_API_KEY": "none"}, ["kimi-coding/k2p5"], ["anthropic/claude-haiku-4-5"]),
    ],
)
async def test_models_without_a_key_are_skipped_and_that_is_said(
    open_app_with: OpenApp,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    usable_models: list[str | None],
    skipped: list[str],
) -> None:
    async with open_app_with(ScriptedModel([], SMALL), variables=variables) as app:
        ladder = usable(app, ("anthropic/claude-haiku-4-5", "kimi-coding/k2p5"), 1)

    assert list(ladder.models) == usable_models
    assert [item["model"] for item in ladder.skipped] == skipped
    assert all(item["reason"].startswith("PA-E112") for item in ladder.skipped)
    assert "no key is set" in capsys.readouterr().err


async def test_a_provider_that_is_overloaded_is_worth_another_try(open_app_with: OpenApp) -> None:
    outcome = await tried(open_app_with, [Overloaded("busy")] * 5 + ["Hello."])

    assert outcome["model_used"] == SMALL
    assert outcome["success"] is True
