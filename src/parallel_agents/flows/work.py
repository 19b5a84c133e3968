"""Work: the steps of one flow's run: each is done once, stored, and given again when the flow is run again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

from parallel_agents.containment.calls import contained
from parallel_agents.core.children import FlowSessions, Step
from parallel_agents.core.event import Entry
from parallel_agents.core.flow import FlowTask, StepFinished, StepStarted
from parallel_agents.core.ids import RunId, function_of
from parallel_agents.core.retry_keys import next_key
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.runner import Activation, OnText
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session
from parallel_agents.core.task import AnyTask
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Spend
from parallel_agents.errors import (
    FlowChanged,
    LeftRun,
    StepUnknown,
    StoreError,
)
from parallel_agents.flows.call import Call
from parallel_agents.flows.edited import EditedSteps
from parallel_agents.flows.function import OnChange
from parallel_agents.flows.memory import Kind, Memory, StoredStep
from parallel_agents.flows.naming import label_of
from parallel_agents.flows.people import Asking, ask
from parallel_agents.flows.replay import Replay
from parallel_agents.flows.step_ends import in_flight, is_unknown, output_of, raised_by
from parallel_agents.flows.stored_results import StoredResults
from parallel_agents.flows.waiting import Waiting
from parallel_agents.runners.agent.questions import Patience
from parallel_agents.sessions.requests import flow_digest, task_digest

T = TypeVar("T")
_SHOWN = 5


class Work:
    """What a flow does, step by step.

    Args:
        activation: the flow's run.
        sessions: the verbs for its children.
        memory: what earlier runs have done.
        on_change: what becomes of the run if the stored steps are not those of the function.
        patience: how long questions wait for a person.

    Attributes:
        status, error: how the run ends if the function returns, and why it is not done.
        edited: the steps whose agents were edited since.
        made_tasks: the tasks that the function makes.
    """

    def __init__(
        self,
        activation: Activation,
        sessions: FlowSessions,
        memory: Memory,
        *,
        on_change: OnChange,
        patience: Patience,
    ) -> None:
        self.session: Session = activation.claim.session
        self._activation, self._sessions, self._memory = activation, sessions, memory
        self._on_change, self._patience = on_change, patience
        ended = memory.ended()
        self._replay = Replay(memory.names, ended)
        runs = [memory.children[name].run for name in ended if name in memory.children]
        self._stored = StoredResults(runs, sessions.results)
        self._notices: list[str] = []
        self._goes_another_way = False
        self.edited, self._waiting = EditedSteps(sessions), Waiting()
        self.made_tasks = self._waiting.made
        self.status = RunStatus.DONE
        self.error: Failure | None = None
        self.left: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader of the flow's result should know."""
        return tuple(self._notices)

    def fall_short(self, status: RunStatus, error: Failure) -> None:
        """The run ends in this status, with what the function returns."""
        self.status, self.error = status, error

    def note(self, notice: str) -> None:
        self._notices.append(notice)

    async def spend(self) -> Spend:
        """What the children of the flow have used so far, with everything that they spawned."""
        children = await self._sessions.child_runs(self.session.key)
        results = await self._sessions.results([child.run for child in children])
        return sum((result.total_spend for result in results), Spend())

    def is_begun(self, name: str) -> bool:
        """Whether an earlier run of the flow has begun a step of this name."""
        return name in self._memory.children or name in self._memory.steps

    def is_begun_below(self, name: str) -> bool:
        """Whether an earlier run of the flow has begun a task below a step of this name."""
        return any(key.startswith(f"{name}/") for key in self._memory.children)

    async def check_awaited(self) -> None:
        """Begin no more steps, and raise AsyncMisused if the function returned before its steps ended."""
        await self._waiting.check_left()

    async def close(self) -> None:
        """Begin no more steps, and leave those that the function left behind."""
        self._replay.close()
        self.left.cancel()
        await self._waiting.close()

    async def task(self, name: str, task: AnyTask, *, on_text: OnText | None = None) -> Result[Any]:
        """The result of a task, whatever its status; it is spawned unless it was before.

        Of a run that is executed here, `on_text` receives the text as its model writes it.
        """
        return await self._guarded(name, lambda: self._task(name, task, on_text))

    async def flow(self, name: str, flow: FlowTask) -> Result:
        """The result of another flow, whatever its status."""
        return await self._guarded(name, lambda: self._flow(name, flow))

    async def step(self, name: str, call: Call) -> Json:
        """What a function returned, as it is stored; it is called unless that is known.

        Raises:
            StepFailed: the function raised.
            StepUnknown: it was called, and nobody knows whether it took effect.
        """
        return await self._guarded(name, lambda: self._step(name, call))

    async def ask(self, name: str, asking: Asking) -> str:
        """What a person answers.

        Raises:
            InvalidInput: nobody could answer that.
            StepFailed: nobody answered in time, or somebody refused to.
        """
        asking.check()
        return await self._guarded(name, lambda: self._ask(name, asking))

    async def _ask(self, name: str, asking: Asking) -> str:
        await self._turn(name, "question")
        about = f"step/{name}"
        stored = self._memory.asked.get(about)
        if stored is not None and not asking.is_same(stored):
            if self._refuses:
                raise self._changed(f"the step {name} asked something else")
            about = self._other(about, asking.digest)
        return await ask(self._activation, self._memory, self._patience, about, asking)

    async def _turn(self, name: str, kind: Kind) -> None:
        """Return once it is the turn of this step.

        Raises:
            FlowChanged: it was a step of another kind.
        """
        await self._replay.turn(name)
        if self._refuses and (others := self._memory.kinds(name) - {kind}):
            raise self._changed(f"the step {name} was a {others.pop()}, and is a {kind}")

    @property
    def _refuses(self) -> bool:
        """Whether a step that differs ends the run.

        After one that had failed and was tried again, the function may well go another way.
        """
        return self._on_change is OnChange.REFUSE and not self._goes_another_way

    async def _guarded(self, name: str, step: Callable[[], Awaitable[T]]) -> T:
        """What a step came to; what ends the flow's run never reaches its function.

        A task that asks for a step after the function has ended is ended, too.
        """
        if self._waiting.is_closed:
            return await self._waiting.end_task(name)
        with self._waiting.noted(name):
            return await self._left_or(name, step)

    async def _left_or(self, name: str, step: Callable[[], Awaitable[T]]) -> T:
        try:
            self._activation.slot.check_stopping()
            return await step()
        except (StoreError, LeftRun, FlowChanged) as error:
            if not self.left.done():
                self.left.set_exception(error)
        finally:
            if name in self._memory.retried:
                self._goes_another_way = True
        return await asyncio.get_running_loop().create_future()  # until the function is cancelled

    async def _task(self, name: str, task: AnyTask, on_text: OnText | None) -> Result[Any]:
        task = await self._sessions.attached(task)
        digest = task_digest(task)
        found = await self._found(name, digest)
        if found is not None:
            if not self._memory.is_tried_again(found):
                self.edited.give(found.run, task)
                return await self._result_of(found, on_text)
            self._memory.retried.add(name)
        key = self._key(name, digest)
        label = task.label or label_of(name)
        step = Step(replace(task, key=key, label=label), found)
        (spawned,) = await self._sessions.start_steps(self.session.key, [step])
        self._hear(spawned.run_id, on_text)
        return await self._result(spawned.run_id)

    async def _flow(self, name: str, flow: FlowTask) -> Result:
        digest = flow_digest(flow)
        found = await self._found(name, digest)
        if found is not None and not self._memory.is_tried_again(found):
            return await self._result_of(found)
        key = self._key(name, digest)
        if found is not None:
            self._memory.retried.add(name)
            key = found.key if found.digest == digest else next_key(found.key)[0]
        spawned = await self._sessions.spawn_flow(flow, key=key, parent=self.session.key)
        return await self._result(spawned.run_id)

    async def _found(self, name: str, digest: str) -> ChildRun | None:
        """The child that was spawned for this step, once it is its turn; None for none.

        Raises:
            FlowChanged: it was spawned for other work, or other steps are stored.
        """
        await self._turn(name, "session")
        found = self._memory.children.get(name)
        is_same = found is not None and found.digest == digest
        if found is not None and not is_same and not self._memory.is_tried_again(found):
            if self._refuses:
                raise self._changed(f"the step {name} was spawned for other work")
            found = self._memory.children.get(self._other(name, digest))
        if found is None:
            self._check_unchanged(name)
        return found

    def _key(self, name: str, digest: str) -> str:
        """The key to spawn a step under: its name, unless that names other work that stays."""
        stored = self._memory.children.get(name)
        if stored is None or stored.digest == digest or self._memory.is_tried_again(stored):
            return name
        return self._other(name, digest)

    def _other(self, name: str, digest: str) -> str:
        return f"{name}@{digest[:12]}"

    async def _result_of(self, child: ChildRun, on_text: OnText | None = None) -> Result[Any]:
        """The result of a child that is stored; one that is live is executed here."""
        if not child.status.is_over:
            await self._sessions.continue_runs([child.run])
            self._hear(child.run, on_text)
        return await self._result(child.run)

    def _hear(self, run: RunId, on_text: OnText | None) -> None:
        if on_text is not None:
            self._sessions.listen(run, on_text)

    async def _result(self, run: RunId) -> Result[Any]:
        if (stored := await self._stored.take(run)) is not None:
            return stored
        (result,) = await self._sessions.wait([run])
        return result

    async def _step(self, name: str, call: Call) -> Json:
        digest = call.digest
        await self._turn(name, "call")
        stored = self._memory.steps.get(name)
        if stored is None:
            self._check_unchanged(name)
        elif stored.finished is None:
            self._check_same(name, stored, digest)
            self._check_repeatable(name, call.effect)
        elif not stored.is_tried_again(self._memory.run) and self._check_same(name, stored, digest):
            return output_of(stored.finished)
        elif stored.is_tried_again(self._memory.run):
            if call.effect is Effect.ONCE and is_unknown(stored.finished):
                return output_of(stored.finished)
            self._memory.retried.add(name)
        return await self._call(call, StepStarted(name=name, effect=call.effect, digest=digest))

    def _check_same(self, name: str, stored: StoredStep, digest: str) -> bool:
        """Whether a step was called with these arguments.

        Raises:
            FlowChanged: it was not, and that is refused.
        """
        is_same = stored.started.digest == digest
        if not is_same and self._refuses:
            raise self._changed(f"the step {name} was begun with other arguments")
        return is_same

    async def _call(self, call: Call, started: StepStarted) -> Json:
        name = started.name
        journal, slot = self._activation.journal, self._activation.slot
        await journal.append(Entry(f"step/{name}/started", started))
        began = time.monotonic()
        try:
            with nullcontext() if call.is_wait else in_flight(slot):
                output, error = await contained(call.result(), f"step {name}"), None
        except Exception as raised:
            if call.is_wait and isinstance(raised, StoreError | LeftRun):
                raise
            output, error = None, Failure.of(raised_by(name, raised, call))
        finished = StepFinished(
            name=name, output=output, error=error, seconds=time.monotonic() - began
        )
        await journal.append(Entry(f"step/{name}/finished", finished))
        self._memory.steps[name] = StoredStep(self._memory.run, started, finished)
        return output_of(finished)

    def _check_repeatable(self, name: str, effect: Effect) -> None:
        if effect is not Effect.ONCE:
            return
        raise StepUnknown(
            f"the step {name} was begun, and nobody knows whether it took effect",
            why="the process ended during its call, and it may take effect only once",
            hint="find out whether it did; pass effect='idempotent' if it may be called again, or "
            "catch StepUnknown in the flow and look there",
        )

    def _check_unchanged(self, name: str) -> None:
        """Refuse to begin a new step while the function leaves out stored ones.

        Raises:
            FlowChanged: it does.
        """
        if (listed := self._missing()) and self._refuses:
            raise self._changed(f"its new step {name} comes where {listed} came")

    def _missing(self) -> str:
        """The stored steps that the function has not asked for, as it is told of them."""
        missing = self._replay.missing()
        return ", ".join(missing[:_SHOWN]) + (" and others" if len(missing) > _SHOWN else "")

    def _changed(self, why: str) -> FlowChanged:
        return FlowChanged(
            f"the function {function_of(self.session.key)} has changed since this flow was begun",
            why=why,
            hint="run it with the function as it was, or under another key; or with "
            'on_change="keep_going", which uses the steps that are the same',
        )

    def check_complete(self) -> None:
        """Raise if the function returned without asking for all that is stored.

        Raises:
            FlowChanged: it did, and that is refused.
        """
        if (listed := self._missing()) and self._refuses:
            raise self._changed(f"it no longer asks for {listed}")
