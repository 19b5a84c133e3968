"""A rig has exactly the parts that a test passes, and nothing that reaches outside the test."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import FunctionGate
from parallel_agents.core.task import Task
from parallel_agents.errors import MissingKey, UnknownModel
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, ScriptedModel, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


async def test_models_are_found_by_their_names_and_the_first_is_the_default() -> None:
    models = [RepliesWith(lambda _, n=name: n, name) for name in ("a/one", "a/two", "b/three")]
    async with open_rig(*models, agents=[WRITER]) as rig:
        chosen = (None, "a/two", "b/three")
        handles = [await rig.sessions.spawn(Task("writer", "x", model=m)) for m in chosen]
        results = await rig.sessions.wait(handles)

    assert [result.output for result in results] == ["a/one", "a/two", "b/three"]


async def test_a_model_that_was_not_passed_is_refused_even_the_embedded_one() -> None:
    async with open_rig(agents=[WRITER]) as rig:
        with pytest.raises(UnknownModel, match="'local'"):
            await rig.sessions.spawn(Task("writer", "x"))
        with pytest.raises(MissingKey):
            await rig.sessions.spawn(Task("writer", "x", model="openai/gpt-5"))
    async with open_rig(ScriptedModel([], "a/one"), agents=[WRITER]) as rig:
        with pytest.raises(UnknownModel, match="'a/two'"):
            await rig.sessions.spawn(Task("writer", "x", model="a/two"))


def is_short(answer: str) -> bool:
    return len(answer) < 9


async def test_gates_are_a_list_of_functions_or_functions_by_name() -> None:
    by_name = {"is_short": is_short}
    task = Task("writer", "x", gates=[FunctionGate(function="is_short")])
    found: list[object] = []
    for gates in ([is_short], by_name):
        async with open_rig(ScriptedModel(["short"]), agents=[WRITER], gates=gates) as rig:
            found.append((await (await rig.sessions.spawn(task)).wait()).output)

    assert found == ["short", "short"]


async def test_the_built_in_agents_are_available() -> None:
    async with open_rig(RepliesWith(lambda _: "no JSON")) as rig:
        handle = await rig.sessions.spawn(Task("content_writer_funny", "A caption"))
        agent = (await handle.wait()).agent

    assert agent == "content_writer_funny"


@pytest.mark.real_time
async def test_a_rig_also_runs_on_an_ordinary_loop_with_the_wall_clock() -> None:
    settings = Settings(model="scripted/model")
    async with open_rig(ScriptedModel(["x"]), agents=[WRITER], settings=settings) as rig:
        handle = await rig.sessions.spawn(Task("writer", "x"))
        await handle.wait()
        started_at = (await rig.service.find(handle.key)).run.started_at

    assert started_at is not None
    assert started_at > 1_700_000_000
