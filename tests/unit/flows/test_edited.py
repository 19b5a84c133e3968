"""A flow that is run again says which of its steps keep answers of agents as these were before an edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.task import Task
from parallel_agents.flows.flow import Flow
from tests.unit.flows.parts import WRITER, Writer, process, run


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (WRITER, ()),
        (replace(WRITER, description="Writes pages.", needs=("facts",)), ()),
        (
            replace(WRITER, instructions="Write well."),
            (
                "the agent writer was edited, and the steps told-1, told-2 keep their answers from before; "
                "for a new one, give the step another name or text, or run the flow under another key",
            ),
        ),
    ],
)
async def test_a_step_that_is_done_keeps_its_answer_and_says_that_its_agent_was_edited(
    now: AnyAgent, told: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    agent: AnyAgent = WRITER

    async def flow_of(flow: Flow) -> str:
        tasks = [Task(agent, text) for text in ("one", "two")]
        gathered = await flow.parallel(tasks, key="told")
        await flow.task("last", Task(agent, "fail"))
        return gathered.outputs[0]

    writer = Writer()
    async with process(writer) as rig:
        await run(rig, flow_of)
        agent, writer.is_mended = now, True
        again = await run(rig, flow_of)

    assert again.output == "one is done"
    assert again.notices == told
    assert tuple(caplog.messages) == told
