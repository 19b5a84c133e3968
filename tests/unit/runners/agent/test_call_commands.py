"""The commands of a run go where its session says, or the run costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.command import Command, CommandEnd, Standing
from parallel_agents.core.command_limits import NO_COMMAND_LIMITS, CommandLimits
from parallel_agents.core.gate import CommandGate, Gate, Refine, Verdict, describe_gate
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.submission import Submission
from parallel_agents.core.tool import Access
from parallel_agents.errors import SandboxMissing
from parallel_agents.runners.agent.gates import Park
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.tools.commands.shell import python, shell
from parallel_agents.tools.files.reading import read_file
from parallel_agents.tools.files.writing import write_file
from parallel_agents.tools.function import tool
from tests.unit.runners.agent.parts import ListJournal, NoChildren, NoGates, activation_of
from tests.unit.runners.agent.test_model_call import PricedModels

WITH_SHELL = Agent(name="coder", description="Codes", instructions="Code.", tools=("shell",))
WITH_PYTHON = Agent(name="coder", description="Codes", instructions="Code.", tools=("python",))
PLAIN = Agent(name="coder", description="Codes", instructions="Code.")
GATED = replace(PLAIN, gates=(CommandGate(command=("true",)),))
# What runs in a gate may be of their making.
WRITES = replace(GATED, tools=("write_file",))
WRITES_BY_A_TOOL_OF_ITS_PROGRAM = replace(GATED, tools=("save",))
SPAWNS = replace(GATED, policy=Policy(spawns=("*",)))
IS_REVISED = replace(GATED, refine=Refine(by="editor"))
READS = replace(GATED, tools=("read_file",))


@tool(access=Access.WRITE)
def save(text: str) -> None:
    """Save a text."""


class Childless(NoChildren):
    """The verbs for a run that may spawn, and does not."""

    @override
    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        pass


class Accepts(NoGates):
    """A gatekeeper that accepts, and notes where the commands of gates run."""

    def __init__(self) -> None:
        self.sandbox: list[Sandbox] = []

    @override
    async def check(self, gate: Gate, submission: Submission, park: Park) -> Verdict:
        self.sandbox.append(submission.sandbox)
        return Verdict(gate=describe_gate(gate), is_accepted=True)


class NoSandbox:
    """Commands on a machine where no sandbox works."""

    async def check(
        self,
        sandbox: Sandbox,
        folder: str,
        *,
        is_own_folder: bool,
        limits: CommandLimits = NO_COMMAND_LIMITS,
    ) -> tuple[str, ...]:
        del folder, limits
        if sandbox is not Sandbox.OFF:
            raise SandboxMissing("none works here", why="bubblewrap is not installed")
        return ()

    async def run(self, command: Command) -> CommandEnd:
        raise AssertionError(command)

    def standing(
        self, command: Command, variables: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Standing]:
        raise AssertionError(command, variables)


async def run(agent: Agent, gates: NoGates | None = None) -> tuple[PricedModels, ListJournal]:
    models, journal = PricedModels(), ListJournal()
    tools = (shell, python, write_file, read_file, save)
    tooling = Tooling(
        tools={each.spec.name: each for each in tools},
        session_tools=("python",),
        commands=NoSandbox(),
        command_tools=("shell", "python"),
    )
    runner = AgentRunner(models, tooling, Childless(), lambda _: "", gatekeeper=gates or NoGates())
    await runner.run(activation_of(agent, journal))
    return models, journal


@pytest.mark.parametrize(
    "agent",
    [WITH_SHELL, WITH_PYTHON, WRITES, WRITES_BY_A_TOOL_OF_ITS_PROGRAM, SPAWNS, IS_REVISED],
)
async def test_without_a_sandbox_a_run_that_needs_commands_ends_before_its_first_call(
    agent: Agent,
) -> None:
    models, journal = await run(agent)

    assert journal.outcome is not None
    assert journal.outcome.error is not None
    assert journal.outcome.error.code == "PA-E412"
    assert "answer" not in models.asked


@pytest.mark.parametrize(("agent", "sandbox"), [(PLAIN, []), (READS, [Sandbox.OFF])])
async def test_without_a_sandbox_a_run_that_needs_none_is_executed(
    agent: Agent, sandbox: list[Sandbox]
) -> None:
    gates = Accepts()
    _, journal = await run(agent, gates)

    assert gates.sandbox == sandbox
    assert journal.outcome is not None
    assert journal.outcome.status is RunStatus.DONE
