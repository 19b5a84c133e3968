"""Tool calls: each is written as started, executed once, and written with its result.

After a crash a call that was started and has no result is executed again if its tool declares that
to be harmless; otherwise the model is told that the outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence

from parallel_agents.core.event import Entry, ToolFinished, ToolStarted
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import compiled
from parallel_agents.core.tool import Effect, Tool, ToolContext
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.unicode import whole_text
from parallel_agents.errors import LeftRun, StoreError, ToolUnavailable
from parallel_agents.runners.clock import Clock

UNKNOWN = "The call was started before a crash; its outcome is unknown and it was not repeated."


class _Call:
    """A call in flight: the Caller that its tool gets.

    Attributes:
        deadline: the deadline of the call; None while the call waits for other runs.
        handed_back: the runs whose ends its result reports.
    """

    __slots__ = ("_activation", "_clock", "_parked_at", "_stood", "deadline", "handed_back")

    def __init__(self, activation: Activation, clock: Clock, seconds: float | None) -> None:
        self._activation = activation
        self._clock = clock
        self._parked_at: float | None = None
        self._stood = 0.0
        self.deadline = asyncio.timeout(seconds)
        self.handed_back: tuple[RunId, ...] = ()

    @property
    def parked_seconds(self) -> float:
        """How long the run's clock has stood still because of this call."""
        at = self._parked_at
        return self._stood + (0.0 if at is None else asyncio.get_running_loop().time() - at)

    def park(self) -> None:
        self.deadline.reschedule(None)
        if self._clock.park():
            self._parked_at = asyncio.get_running_loop().time()

    def rest(self) -> None:
        self.deadline.reschedule(None)
        self._stood, self._parked_at = self.parked_seconds, None
        self._clock.rest()

    async def wait_message(self) -> None:
        await self._activation.inbox.wait_message()

    def hand_back(self, runs: Sequence[RunId]) -> None:
        self.handed_back = (*self.handed_back, *runs)


class ToolCalls:
    """The tools of one agent, in one run.

    Raises:
        ToolUnavailable: the agent names a tool that this process does not have.
    """

    __slots__ = ("_schemas", "_timeout_seconds", "_tools", "specs")

    def __init__(
        self, names: Sequence[str], tools: Mapping[str, Tool], *, timeout_seconds: float | None
    ) -> None:
        if missing := [name for name in names if name not in tools]:
            raise ToolUnavailable(
                f"no tool {missing[0]!r} in this process",
                why="the agent names it, and no such tool was given to `open` or `run`",
                hint=f"pass tools=[{missing[0]}], or remove it from the agent's list",
            )
        self._tools = {name: tools[name] for name in names}
        self.specs = tuple(tool.spec for tool in self._tools.values())
        self._schemas = {spec.name: compiled(spec.parameters) for spec in self.specs}
        self._timeout_seconds = timeout_seconds

    async def run(self, activation: Activation, transcript: Transcript, clock: Clock) -> None:
        """Execute, concurrently, every call of the last reply that has no result yet.

        A call that waits for other runs releases the run's slot; on return the run has one again.
        """
        calls = [call for call in transcript.asked if call.id not in transcript.results]
        turn, started = transcript.turn, frozenset(transcript.started)

        def run_one(call: ToolCall) -> Coroutine[None, None, Entry]:
            return self._run_one(activation, call, turn, clock, was_started=call.id in started)

        for entry in await _concurrently([run_one(call) for call in calls]):
            transcript.apply(entry.key, entry.body)
        await clock.resume()

    async def _run_one(
        self, activation: Activation, call: ToolCall, turn: int, clock: Clock, *, was_started: bool
    ) -> Entry:
        loop = asyncio.get_running_loop()
        began = loop.time()
        caller = _Call(activation, clock, self._timeout_seconds)
        result = self._refusal(call, was_started)
        if result is None:
            tool = self._tools[call.name]
            started = ToolStarted(turn=turn, call=call, effect=tool.spec.effect)
            entry = Entry(f"turn-{turn}/call-{call.id}/started", started)
            if tool.spec.effect is Effect.ONCE:
                await activation.journal.append(entry)
            else:
                activation.journal.note(entry)  # starting it again is harmless: nothing waits
            result = await self._execute(tool, call, activation, caller)
        finished = ToolFinished(
            turn=turn,
            result=result,
            seconds=loop.time() - began,
            parked_seconds=caller.parked_seconds,
            handed_back=caller.handed_back,
        )
        entry = Entry(f"turn-{turn}/call-{call.id}", finished)
        await activation.journal.append(entry)
        return entry

    def _refusal(self, call: ToolCall, was_started: bool) -> ToolResult | None:
        """Why the call is not executed, as a result for the model; None to execute it."""
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return _error(call, f"There is no tool {call.name!r}. Tools: {known}.")
        if call.unread:
            text = f"The arguments could not be read, so the tool was not called: {call.unread}"
            return _error(call, f"{text}\nCall it again with the arguments as one JSON object.")
        if problems := self._schemas[call.name].problems(call.arguments):
            listed = "; ".join(str(problem) for problem in problems)
            return _error(call, f"The arguments do not match the tool's schema: {listed}")
        if was_started and tool.spec.effect is Effect.ONCE:
            return _error(call, UNKNOWN)
        return None

    async def _execute(
        self, tool: Tool, call: ToolCall, activation: Activation, caller: _Call
    ) -> ToolResult:
        session, run = activation.claim.session, activation.claim.run
        context = ToolContext(session.key, run.id, call.id, session.options.cwd, caller)
        try:
            async with caller.deadline:
                content = await tool.call(call.arguments, context)
        except (StoreError, LeftRun):
            raise
        except Exception as error:  # noqa: BLE001 - the model decides what to do about a failed tool
            if caller.deadline.expired():
                return _error(call, f"The tool gave no result in {self._timeout_seconds:g} s.")
            return _error(call, whole_text(f"{type(error).__name__}: {error}"))
        return ToolResult(call.id, call.name, whole_text(content))


async def _concurrently(calls: Sequence[Coroutine[None, None, Entry]]) -> list[Entry]:
    if len(calls) == 1:
        return [await calls[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # callers know single errors, not groups
    return [task.result() for task in tasks]


def _error(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call.id, call.name, text, is_error=True)
