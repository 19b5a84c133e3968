"""The commands of a run go where its session says, or the run costs nothing."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.command import Command, CommandEnd
from parallel_agents.core.gate import CommandGate
from parallel_agents.core.run import RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.errors import SandboxMissing
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.tools.commands.shell import python, shell
from parallel_agents.tools.files.writing import write_file
from tests.unit.runners.agent.parts import ListJournal, NoChildren, NoGates, activation_of
from tests.unit.runners.agent.test_model_call import PricedModels

WITH_SHELL = Agent(name="coder", description="Codes", instructions="Code.", tools=("shell",))
WITH_PYTHON = Agent(name="coder", description="Codes", instructions="Code.", tools=("python",))
WITH_GATE = Agent(
    name="coder",
    description="Codes",
    instructions="C.",
    tools=("write_file",),
    gates=(CommandGate(command=("true",)),),
)
PLAIN = Agent(name="coder", description="Codes", instructions="Code.")


class NoSandbox:
    """Commands on a machine where no sandbox works."""

    async def check(self, sandbox: Sandbox, folder: str) -> None:
        del folder
        if sandbox is not Sandbox.OFF:
            raise SandboxMissing("none works here", why="bubblewrap is not installed")

    async def run(self, command: Command) -> CommandEnd:
        raise AssertionError(command)


async def run(agent: Agent) -> tuple[PricedModels, ListJournal]:
    models, journal = PricedModels(), ListJournal()
    tooling = Tooling(
        tools={"shell": shell, "python": python, "write_file": write_file},
        commands=NoSandbox(),
        command_tools=("shell", "python"),
    )
    runner = AgentRunner(models, tooling, NoChildren(), lambda _: "", gatekeeper=NoGates())
    await runner.run(activation_of(agent, journal))
    return models, journal


@pytest.mark.parametrize("agent", [WITH_SHELL, WITH_PYTHON, WITH_GATE])
async def test_without_a_sandbox_a_run_that_needs_commands_ends_before_its_first_call(
    agent: Agent,
) -> None:
    models, journal = await run(agent)

    assert journal.outcome is not None
    assert journal.outcome.error is not None
    assert journal.outcome.error.code == "PA-E412"
    assert "answer" not in models.asked


async def test_without_a_sandbox_a_run_that_needs_no_commands_is_executed() -> None:
    _, journal = await run(PLAIN)

    assert journal.outcome is not None
    assert journal.outcome.status is RunStatus.DONE
