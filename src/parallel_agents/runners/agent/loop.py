"""AgentRunner: the loop of one run: decide the next step, execute it, until the run has ended.

`core/steps.py` decides from the transcript alone, so a run that was interrupted anywhere continues
with the same steps as one that never was. Each step has one handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from typing import assert_never

from parallel_agents.core.children import ChildSessions
from parallel_agents.core.gate import CommandGate, JudgeGate
from parallel_agents.core.mcp_names import is_mcp_name
from parallel_agents.core.model import Models
from parallel_agents.core.output_types import OutputTypes
from parallel_agents.core.runner import Activation
from parallel_agents.core.sandbox import Sandbox, of_commands
from parallel_agents.core.steps import (
    AnnounceLastCall,
    AskBudget,
    AskRepair,
    BeginAttempt,
    BreakOff,
    CallModel,
    CheckGate,
    CheckType,
    Complete,
    CompleteWithBest,
    DeliverMessages,
    EndOverBudget,
    JoinChildren,
    Revise,
    RunTools,
    Shorten,
    StartModel,
    Step,
    Summarize,
    next_step,
    step_after_failure,
)
from parallel_agents.core.tool import Tool
from parallel_agents.core.tool_servers import OpenTools
from parallel_agents.errors import (
    ContextTooLong,
    LeftRun,
    PagentsError,
    RunTimedOut,
    StoreError,
)
from parallel_agents.runners.agent import settle
from parallel_agents.runners.agent.budget_question import ask_budget
from parallel_agents.runners.agent.children import Children, Report
from parallel_agents.runners.agent.contexts import Contexts
from parallel_agents.runners.agent.gates import Gatekeeper
from parallel_agents.runners.agent.model_call import (
    call_model,
    fit_context,
    learn_from_refusal,
    note_lost_call,
    start_model,
)
from parallel_agents.runners.agent.offering import offered_names
from parallel_agents.runners.agent.output_checks import OutputChecks, check_type
from parallel_agents.runners.agent.refine import check_gate, revise
from parallel_agents.runners.agent.summarize import summarize
from parallel_agents.runners.agent.tool_calls import ToolCalls
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.runners.agent.work import Work, work_of
from parallel_agents.runners.clock import MOST_PARKED_SECONDS


class AgentRunner:
    """The runner of agents' runs.

    Args:
        models: the models by name.
        tooling: the tools that agents may name, and the rules for their calls.
        sessions: the verbs, for the children that a run spawns.
        report: describes to a parent how its children ended.
        gatekeeper: gives the verdicts of gates, and has answers revised.
        contexts: how conversations are fitted into the contexts of models.
        output_types: the output types of agents that this process knows.
    """

    def __init__(
        self,
        models: Models,
        tooling: Tooling,
        sessions: ChildSessions,
        report: Report,
        *,
        gatekeeper: Gatekeeper,
        contexts: Contexts | None = None,
        output_types: OutputTypes | None = None,
    ) -> None:
        self._models = models
        self._tooling = tooling
        self._sessions = sessions
        self._report = report
        self._gatekeeper = gatekeeper
        self._contexts = contexts or Contexts()
        self._output_checks = OutputChecks(output_types or OutputTypes())

    async def run(self, activation: Activation) -> None:
        children = Children(self._sessions, activation.claim, self._report)
        if activation.claim.run.epoch > 1:
            await children.take()
        work = work_of(
            activation,
            models=self._models,
            contexts=self._contexts,
            children=children,
            gatekeeper=self._gatekeeper,
        )
        work.output_check = self._output_checks.of(work.assignment.agent)
        if work.output_check is not None:
            work.prepared = work.prepared._replace(has_output_type=True)
        work.patience = self._tooling.patience
        # Fetching or loading the first model does not count towards the run's time.
        if not await _start(work):
            return
        async with AsyncExitStack() as servers:
            try:
                await self._settle_in(work)
                self._offer_tools(work, await servers.enter_async_context(self._served_tools(work)))
                await self._check_sandbox(work)
            except (StoreError, LeftRun):
                raise
            except PagentsError as error:
                await _execute(work, BreakOff(error))
                return
            if activation.claim.is_after_death:
                _note_lost_call(work)
            await _continue(work)

    async def _settle_in(self, work: Work) -> None:
        """Let tools, gates and children know the folder that the session works in.

        Making it does not count towards the run's time.

        Raises:
            PagentsError: there is none, and none can be made.
        """
        work.workspaces = self._tooling.workspaces
        if work.session.options.workspace is not None:
            work.enter(await work.workspaces.folder(work.session))

    def _served_tools(self, work: Work) -> OpenTools:
        """The tools behind those names in the agent's list that stand for tools of servers.

        Starting a server does not count towards the run's time.

        Raises:
            PagentsError: a server cannot be used, or has no tool of that name.
        """
        agent, own = work.assignment.agent, self._tooling.tools
        if not any(is_mcp_name(name) and name not in own for name in agent.tools):
            return nullcontext({})
        return self._tooling.servers.open(agent, work.session, self._tooling.permissions)

    def _offer_tools(self, work: Work, served: Mapping[str, Mapping[str, Tool]]) -> None:
        """Give the run its agent's tools, and the session tools if it may spawn."""
        session_tools = self._tooling.session_tools
        offered = offered_names(work.session, work.model.capabilities, session_tools, served)
        may_spawn = not set(session_tools).isdisjoint(offered)
        work.tools = ToolCalls(
            offered,
            self._tooling,
            session=work.session.options,
            timeout_seconds=work.assignment.limits.call_timeout_seconds,
            served={name: tool for tools in served.values() for name, tool in tools.items()},
        )
        work.specs, work.tool_notices = work.tools.specs, work.tools.notices
        work.acting = work.tools.acting
        work.prepared = work.prepared._replace(may_spawn=may_spawn)
        fit_context(work)

    async def _check_sandbox(self, work: Work) -> None:
        """Refuse a run whose commands could not run here, before it costs anything.

        Raises:
            SandboxMissing: it needs a sandbox, and none works here.
            SandboxRefused: its folder cannot be given to one.
            LimitUnenforced: nothing here can hold its commands to its limits.
        """
        agent, options, commands = work.session.agent, work.session.options, self._tooling.commands
        if commands is None:
            return
        check = partial(
            commands.check,
            folder=options.cwd,
            is_own_folder=options.workspace is not None,
            limits=options.limits.of_commands,
        )
        notices: tuple[str, ...] = ()
        if not {spec.name for spec in work.tools.specs}.isdisjoint(self._tooling.command_tools):
            notices = await check(of_commands(options.sandbox))
        if any(isinstance(gate, CommandGate) for gate in agent.gates):
            notices += await check(work.gate_sandbox)
        notices += _notice_of_servers(work)
        work.tool_notices = (*work.tool_notices, *dict.fromkeys(notices))


def _notice_of_servers(work: Work) -> tuple[str, ...]:
    """What a reader should know of servers that the session's limits do not hold."""
    options, names = work.session.options, work.assignment.agent.tools
    is_shared = any(map(is_mcp_name, names)) and options.sandbox is not Sandbox.REQUIRE
    if not is_shared or not options.limits.of_commands.need_enforcing:
        return ()
    return (
        "its limits of memory and processes do not hold for MCP servers that are commands, which "
        "sessions share outside of a sandbox: set sandbox to require",
    )


async def _start(work: Work) -> bool:
    """Get a model ready; return False if none could be, and the run has ended."""
    step = _decide(work)
    while step is not None and not work.prepared.model:
        step = await _advance(work, step)
    return step is not None


async def _continue(work: Work) -> None:
    """Take one step after another until the run has ended or its time is up."""
    try:
        async with work.clock:
            step = _decide(work)
            while step is not None:
                step = await _advance(work, step)
    except TimeoutError:
        if not work.clock.has_run_out:
            raise
        error = _timed_out(work)
        await _execute(work, BreakOff(error))


def _note_lost_call(work: Work) -> None:
    """Note a model call that a process which has died may have had in flight."""
    step = next_step(work.transcript, work.assignment, work.prepared)
    if isinstance(step, CallModel | Summarize | DeliverMessages):  # a message may have come since
        note_lost_call(work, work.transcript.turn + 1)


def _timed_out(work: Work) -> RunTimedOut:
    if work.clock.stands:
        return RunTimedOut(
            f"it waited for other runs for {MOST_PARKED_SECONDS:,.0f} s",
            hint="look with `pagents list` for what they wait for",
        )
    return RunTimedOut(
        f"not done in {work.assignment.limits.timeout_seconds:g} s",
        why="" if work.failure is None else f"its model call kept failing: {work.failure.message}",
        hint="give it more time with --timeout, in Python limits={'timeout_seconds': ...}",
    )


def _decide(work: Work) -> Step:
    """The next step, with the messages that have arrived.

    Raises:
        Stopping: this process is stopping, and the step would begin something; the run stops there.
    """
    for message in work.activation.inbox.take_messages():
        work.transcript.apply(message.key, message.body)
    step = next_step(work.transcript, work.assignment, work.prepared)
    if not _only_settles(step):
        work.activation.slot.check_stopping()
    return step


def _only_settles(step: Step) -> bool:
    """Whether a step brings a run with an answer closer to its end, without another model call."""
    match step:
        case Complete() | CompleteWithBest() | EndOverBudget() | BreakOff():
            return True
        case JoinChildren() | CheckType():
            return True
        case CheckGate(gate=gate):
            return not isinstance(gate, JudgeGate)
        case _:
            return False


async def _advance(work: Work, step: Step) -> Step | None:
    """Execute a step and decide the next one; None once the run has ended."""
    try:
        has_ended = await _execute(work, step)
    except (StoreError, LeftRun):
        raise
    except PagentsError as error:
        if isinstance(step, BreakOff):
            raise
        if isinstance(error, ContextTooLong):
            learn_from_refusal(work)
        return step_after_failure(step, error, work.transcript, work.assignment, work.prepared)
    return None if has_ended else _decide(work)


async def _execute(work: Work, step: Step) -> bool:
    """Execute a step; return whether it ended the run."""
    match step:
        case StartModel():
            await start_model(work, step)
        case CallModel():
            await call_model(work, step)
        case RunTools():
            most = work.result_tokens
            await work.tools.run(
                work.activation,
                work.transcript,
                work.clock,
                most=most,
                is_simulated=work.model.capabilities.is_simulated,
            )
        case Summarize():
            await summarize(work, step)
        case CheckType():
            await check_type(work, step)
        case JoinChildren():
            await settle.join_children(work)
        case AskBudget():
            await ask_budget(work, step)
        case CheckGate():
            await check_gate(work, step)
        case Revise():
            await revise(work, step)
        case DeliverMessages() | AnnounceLastCall() | Shorten() | AskRepair() | BeginAttempt():
            await settle.tell(work, step)
        case Complete() | CompleteWithBest() | EndOverBudget() | BreakOff():
            return await settle.end(work, step)
        case _:
            assert_never(step)
    return False
