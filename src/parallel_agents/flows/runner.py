"""Runner: a flow's run, made of the steps that its function asks for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from parallel_agents.containment.calls import contained, describe, place_of
from parallel_agents.core import ended_by
from parallel_agents.core.async_use import Awaited, noting_forgotten
from parallel_agents.core.children import FlowSessions
from parallel_agents.core.event import Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.problems import describe_problem
from parallel_agents.core.retry_keys import earlier_tries
from parallel_agents.core.run import Failure, Outcome, Result, RunStatus, status_of_lost
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import Writer
from parallel_agents.core.sharing import Sharing
from parallel_agents.core.store import Claim
from parallel_agents.errors import (
    FlowRaised,
    Incomplete,
    InvalidInput,
    LeftRun,
    MissingKey,
    PagentsError,
    RunTimedOut,
    StepFailed,
    StoreError,
    UnknownAgent,
    UnknownModel,
)
from parallel_agents.flows.cancelled_gathers import left_out
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import FlowFunction, as_json
from parallel_agents.flows.functions import Functions
from parallel_agents.flows.judging import Judging, all_events
from parallel_agents.flows.memory import Memory
from parallel_agents.flows.steps import Steps, Surroundings
from parallel_agents.flows.work import Work
from parallel_agents.runners.agent.questions import PATIENCE, Patience
from parallel_agents.runners.clock import claimed_seconds, seconds_left

FLOWS_FOLDER = "flows"
_AGAIN = "once the cause is mended, run it again with the same id or key: what failed is tried again, and what is done, or was killed by somebody, stays so"
_OF_STEPS = frozenset({StepFailed.code, Incomplete.code})


class FlowRunner:
    """The runner of flows' runs.

    Args:
        sessions: the verbs for the children.
        functions: the functions of this process.
        sharing: what the sessions of a tree share.
        judging: judges the answers of a flow's tasks.
        surroundings: what the steps find in this process.
        patience: how long questions wait for a person.
    """

    def __init__(
        self,
        sessions: FlowSessions,
        functions: Functions,
        sharing: Sharing,
        judging: Judging,
        surroundings: Surroundings,
        patience: Patience = PATIENCE,
    ) -> None:
        self._sessions = sessions
        self._functions = functions
        self._sharing = sharing
        self._judging = judging
        self._surroundings = surroundings
        self._patience = patience

    async def run(self, activation: Activation) -> None:
        with left_out():
            await self._run(activation)

    async def _run(self, activation: Activation) -> None:
        claim = activation.claim
        session, task = claim.session, _flow_task(claim.events[0].body)
        activation.slot.park()
        left = seconds_left(task.timeout_seconds, claimed_seconds(claim.events, claim.run))
        limit = asyncio.timeout(left)
        status, by = RunStatus.KILLED, ended_by.FLOW
        try:
            async with limit:
                outcome = await self._outcome(activation, task)
        except TimeoutError:
            if not limit.expired():
                raise
            status, by = RunStatus.TIMED_OUT, f"the flow's time limit of {task.timeout_seconds:g} s"
            outcome = _timed_out(task)
        outcome = await self._of_children(session.key, outcome)
        await self._sessions.end_children(claim.run, by=by, status=status)
        await activation.journal.finish(outcome)

    async def _of_children(self, session: SessionKey, outcome: Outcome) -> Outcome:
        """The outcome of a flow; one that failed because its budget was used up says so by its status."""
        if outcome.status is not RunStatus.FAILED or outcome.error is None:
            return outcome
        if outcome.error.code not in _OF_STEPS:
            return outcome
        runs = await self._sessions.child_runs(session)
        replaced = earlier_tries(child.key for child in runs)
        latest = [c.status for c, is_earlier in zip(runs, replaced, strict=True) if not is_earlier]
        return replace(outcome, status=status_of_lost(latest))

    async def _outcome(self, activation: Activation, task: FlowTask) -> Outcome:
        try:
            if (built_in := self._functions.built_in(task.name)) is not None:
                return await built_in.execute(activation, self._sessions, task)
            session, function = activation.claim.session, self._functions.get(task.name)
            memory = await self._remember(activation.claim)
            work = Work(
                activation,
                self._sessions,
                memory,
                on_change=function.on_change,
                patience=self._patience,
            )
            state = self._sharing.state(session.root, Writer(session.key, activation.claim.run.id))
            steps = Steps(work, task, self._functions, state, self._judging, self._surroundings)
            flow = Flow(steps)
            try:
                output = await _finished(function, flow, task, work)
            finally:
                await work.close()
        except (StoreError, LeftRun):
            raise
        except PagentsError as error:
            return Outcome(status=RunStatus.FAILED, error=_failure(error))
        notices = (*work.notices, *steps.notices, *await work.edited.notices())
        return Outcome(status=work.status, output=output, error=work.error, notices=notices)

    async def _remember(self, claim: Claim) -> Memory:
        """What the flow's runs have done so far."""
        session = claim.session.key
        events = (
            claim.events if claim.run.number == 1 else await all_events(self._sessions, session)
        )
        return Memory.of(claim.run.id, await self._sessions.child_runs(session), events)


async def _finished(function: FlowFunction[Any], flow: Flow, task: FlowTask, work: Work) -> Json:
    """What the function returned, as it is stored.

    Raises:
        PagentsError: the function raised it, or something that is told by FlowRaised.
        StoreError, LeftRun, FlowChanged: a step had it, so that the run cannot go on.
    """
    called = asyncio.create_task(
        contained(_called(function, flow, task, work), f"flow {task.name}")
    )
    try:
        await asyncio.wait((called, work.left), return_when=asyncio.FIRST_COMPLETED)
        if work.left.done():
            work.left.result()
        try:
            value = called.result()
        except Exception as error:
            is_told = isinstance(error, PagentsError)
            if is_told and not isinstance(error, StoreError | LeftRun):
                raise
            raise FlowRaised(
                f"the flow {task.name} raised {describe(error)}",
                why=place_of(error, function.call),
                hint="correct the function, and run the flow again with the same key",
            ) from error
        await work.check_awaited()
        work.check_complete()
        return _output(function, task.name, value)
    finally:
        if not called.done():
            called.cancel()
            await asyncio.wait((called,))


async def _called(function: FlowFunction[Any], flow: Flow, task: FlowTask, work: Work) -> object:
    try:
        values = function.values(task.input)
    except ValidationError as error:
        raise FlowRaised(
            f"the flow {task.name} does not take its input any more", why=describe_problem(error)
        ) from error
    with work.made_tasks.noting(), noting_forgotten() as forgotten:
        value = await function.call(flow, **values)
    if isinstance(value, Awaited):
        value.close()
        raise value.not_awaited(f"the flow {task.name} returned it")
    if forgotten:
        raise forgotten[0]
    return value


def _output(function: FlowFunction[Any], name: str, value: object) -> Json:
    output = value.output_json if isinstance(value, Result) else value
    try:
        stored = as_json(output)
        problems = function.output_type.problems(stored) if function.output_type else ()
    except Exception as error:
        raise FlowRaised(
            f"what the flow {name} returned cannot be stored", why=describe(error)
        ) from error
    if problems:
        raise FlowRaised(
            f"what the flow {name} returned is not of the type that it is annotated with",
            why="; ".join(problems),
        )
    return stored


def _failure(error: PagentsError) -> Failure:
    """The failure of a flow; whatever ended it, the reader is told what can be done."""
    failure = Failure.of(error)
    if failure.hint and type(error) in (InvalidInput, UnknownAgent, UnknownModel, MissingKey):
        return replace(failure, hint=f"{failure.hint}; {_AGAIN}")
    if failure.hint or not isinstance(error, StepFailed | FlowRaised):
        return failure
    return replace(failure, hint=_AGAIN)


def _timed_out(task: FlowTask) -> Outcome:
    error = RunTimedOut(
        f"the flow took longer than {task.timeout_seconds or 0:g} s",
        why="the limit includes the time that people take to answer; its open questions are withdrawn",
        hint="run it again with the same key and a longer timeout; what is done stays done",
    )
    return Outcome(status=RunStatus.TIMED_OUT, error=Failure.of(error))


def _flow_task(body: object) -> FlowTask:
    if isinstance(body, Queued) and body.flow is not None:
        return body.flow
    raise TypeError("the first event of a flow's run must hold its task")
