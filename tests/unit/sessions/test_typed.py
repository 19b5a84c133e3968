"""What verbs return: instances where the task has an agent with an output type, JSON anywhere else."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

import parallel_agents as pa
from parallel_agents.core.model import ModelRequest
from parallel_agents.errors import NoOutput, OverBudget
from parallel_agents.sessions.typed import typed
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig


class Line(BaseModel):
    number: int


class Renamed(BaseModel):
    row: int


ANSWER = '{"number": 4}'
FINDER = pa.Agent("finder", instructions="Find it.", output=Line)
POET = pa.Agent("poet", instructions="Write.", output=str)


def answers(_: ModelRequest) -> Answer:
    return ANSWER


async def test_each_verb_that_waits_returns_instances() -> None:
    async with open_rig(RepliesWith(answers)) as rig:
        handle = await rig.sessions.spawn(pa.Task(FINDER, "Go.", key="one"))
        first = await handle.wait()
        (waited,) = await rig.sessions.wait([handle])
        pooled = await rig.sessions.pool(FINDER, name="finders").run("Go.")
        again = await (await rig.sessions.spawn(pa.Task(FINDER, "Go.", key="one"))).wait()

    assert [each.output for each in (first, waited, pooled, again)] == [Line(number=4)] * 4
    assert first.output_json == {"number": 4}


async def test_a_further_message_is_answered_with_an_instance() -> None:
    options = pa.SessionOptions(mode=pa.Mode.SESSION)
    async with open_rig(ScriptedModel([ANSWER, '{"number": 5}'])) as rig:
        handle = await rig.sessions.spawn(pa.Task(FINDER, "Go.", options=options))
        await handle.wait()
        await handle.send("And then?")
        second = await handle.wait()

    assert second.output == Line(number=5)


async def test_by_name_and_in_a_team_answers_are_json() -> None:
    async with open_rig(RepliesWith(answers), agents=[FINDER]) as rig:
        by_name = await (await rig.sessions.spawn(pa.Task("finder", "Go."))).wait()
        team = pa.TeamTask(tasks=(pa.Task(FINDER, "Go."),))
        result = await rig.sessions.team_result(await rig.sessions.spawn_team(team))

    assert by_name.output == result.results[0].output == {"number": 4}


async def test_an_item_of_a_batch_that_the_type_refuses_is_run_again_alone() -> None:
    class Odd(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def _odd(cls, value: int) -> int:
            if value % 2 == 0:
                raise ValueError("it is even")
            return value

    agent = pa.Agent("odd", instructions="Count.", output=Odd)
    shared = '{"1": {"number": 1}, "2": {"number": 2}}'
    model = ScriptedModel([shared, shared, '{"number": 3}'])
    async with open_rig(model) as rig:
        batch = await rig.sessions.batch(agent, ["a", "b"])

    assert [item.output.number for item in batch.items] == [1, 3]
    assert [item.is_single for item in batch.items] == [False, True]


async def test_a_run_that_is_not_done_has_no_output_of_a_type() -> None:
    async with open_rig(ScriptedModel(["no", "still no"])) as rig:
        result = await (await rig.sessions.spawn(pa.Task(FINDER, "Go."))).wait()

    assert not result.has_output
    assert result.output_json == result.text == "still no"
    with pytest.raises(NoOutput) as refused:
        _ = result.output
    assert refused.value.message == "finder has no output: its run ended as failed"
    assert refused.value.why.startswith("PA-E301 the answer does not match")
    assert "is_done" in refused.value.hint


async def test_a_run_without_an_answer_has_no_text_as_output() -> None:
    async with open_rig(ScriptedModel([OverBudget("no room")])) as rig:
        result = await (await rig.sessions.spawn(pa.Task(POET, "Go."))).wait()

    assert result.output_json is None
    with pytest.raises(NoOutput):
        _ = result.output


@pytest.mark.parametrize("status", [pa.RunStatus.OVER_BUDGET, pa.RunStatus.TIMED_OUT])
async def test_a_partial_answer_that_fits_is_an_instance(status: pa.RunStatus) -> None:
    async with open_rig(ScriptedModel([ANSWER])) as rig:
        done = await (await rig.sessions.spawn(pa.Task("main", "Go."))).wait()
    partial = replace(done, status=status, output_json={"number": 4})

    assert typed(partial, FINDER.output_type).output == Line(number=4)


async def test_text_is_an_output_of_type_str() -> None:
    async with open_rig(ScriptedModel(["Snow."])) as rig:
        result = await (await rig.sessions.spawn(pa.Task(POET, "Go."))).wait()

    assert result.output == "Snow."


def run(home: Path, agent: pa.Agent[Any], model: ScriptedModel) -> pa.TeamResult[Any]:
    return pa.run(
        [pa.Task(agent, "Go."), pa.Task(POET, "Write.")],
        key="one",
        home=home,
        model="scripted/model",
        models={"scripted": lambda _: model},
    )


def test_an_answer_that_no_longer_fits_is_kept_and_the_others_are_told(tmp_path: Path) -> None:
    first = run(tmp_path, FINDER, ScriptedModel([ANSWER, ANSWER]))
    renamed = pa.Agent("finder", instructions="Find it.", output=Renamed)

    again = run(tmp_path, renamed, ScriptedModel([]))

    assert first.results[0].output == Line(number=4)
    changed, poem = again.results
    assert changed.is_done
    assert changed.output_json == {"number": 4}
    assert poem.output == ANSWER
    with pytest.raises(NoOutput, match="the answer of finder does not fit Renamed") as refused:
        _ = changed.output
    assert refused.value.why == "row: it is missing"


def test_a_compatible_change_of_the_type_takes_what_was_stored(tmp_path: Path) -> None:
    class Line(BaseModel):  # as it is deployed later
        number: float
        file: str = "unknown"

    run(tmp_path, FINDER, ScriptedModel([ANSWER, ANSWER]))

    later = run(
        tmp_path, pa.Agent("finder", instructions="Find it.", output=Line), ScriptedModel([])
    )

    assert later.results[0].output == Line(number=4.0, file="unknown")


async def test_a_result_can_be_copied_compared_shown_and_sent_to_another_process() -> None:
    async with open_rig(ScriptedModel([ANSWER, "no", "no"])) as rig:
        good = await (await rig.sessions.spawn(pa.Task(FINDER, "Go."))).wait()
        bad = await (await rig.sessions.spawn(pa.Task(FINDER, "Go."))).wait()

    for result in (good, bad):
        assert pickle.loads(pickle.dumps(result)) == result == deepcopy(result)
        assert "finder" in repr(result)
    assert replace(good, notices=("x",)).output == Line(number=4)
