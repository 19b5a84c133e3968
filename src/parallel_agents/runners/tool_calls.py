"""Tool calls: each written as started, made once, and written with its result.

After a crash a call that was started and has no result is made again when its tool says that
this does no harm; otherwise the model is told that its outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence

from parallel_agents.core.event import Entry, ToolFinished, ToolStarted
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import compiled
from parallel_agents.core.tool import Effect, Tool, ToolContext
from parallel_agents.core.transcript import Transcript
from parallel_agents.errors import ToolUnavailable

UNKNOWN = "The call was begun before a crash; its outcome is unknown and it was not made again."


class ToolCalls:
    """The tools of one agent, in one run.

    Raises:
        ToolUnavailable: the agent names a tool that this process does not have.
    """

    def __init__(
        self, names: tuple[str, ...], tools: Mapping[str, Tool], *, timeout_seconds: float | None
    ) -> None:
        if missing := [name for name in names if name not in tools]:
            raise ToolUnavailable(
                f"no tool {missing[0]!r} in this process",
                why="the agent names it, and no such tool was given to `open` or `run`",
                mend=f"pass tools=[{missing[0]}], or take it out of the agent's list",
            )
        self._tools = {name: tools[name] for name in names}
        self.specs = tuple(tool.spec for tool in self._tools.values())
        self._schemas = {spec.name: compiled(spec.parameters) for spec in self.specs}
        self._timeout_seconds = timeout_seconds

    async def make(self, activation: Activation, state: Transcript) -> None:
        """Make every call of the last reply that has no result yet, side by side."""
        calls = [call for call in state.asked if call.id not in state.results]
        turn, begun = state.turn, frozenset(state.started)

        def make_one(call: ToolCall) -> Coroutine[None, None, Entry]:
            return self._make_one(activation, call, turn, call.id in begun)

        for entry in await _side_by_side([make_one(call) for call in calls]):
            state.apply(entry.key, entry.body)

    async def _make_one(
        self, activation: Activation, call: ToolCall, turn: int, was_begun: bool
    ) -> Entry:
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = self._refusal(call, was_begun)
        if result is None:
            tool = self._tools[call.name]
            started = ToolStarted(turn=turn, call=call, effect=tool.spec.effect)
            entry = Entry(f"turn-{turn}/call-{call.id}/started", started)
            if tool.spec.effect is Effect.ONCE:
                await activation.append(entry)
            else:
                activation.note(entry)  # to begin it again does no harm, so nothing waits for it
            result = await self._call(tool, call, activation)
        finished = ToolFinished(turn=turn, result=result, seconds=loop.time() - began)
        entry = Entry(f"turn-{turn}/call-{call.id}", finished)
        await activation.append(entry)
        return entry

    def _refusal(self, call: ToolCall, was_begun: bool) -> ToolResult | None:
        """Why the call is not made, as a result that the model can read; None to make it."""
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return _error(call, f"There is no tool {call.name!r}. Tools: {known}.")
        if problems := self._schemas[call.name].problems(call.arguments):
            listed = "; ".join(str(problem) for problem in problems)
            return _error(call, f"The arguments do not fit the tool: {listed}")
        if was_begun and tool.spec.effect is Effect.ONCE:
            return _error(call, UNKNOWN)
        return None

    async def _call(self, tool: Tool, call: ToolCall, activation: Activation) -> ToolResult:
        claim = activation.claim
        context = ToolContext(claim.session.key, claim.run.id)
        deadline = asyncio.timeout(self._timeout_seconds)
        try:
            async with deadline:
                content = await tool.call(call.arguments, context)
        except Exception as error:  # noqa: BLE001 - a tool's failure is the model's to deal with
            if deadline.expired():
                return _error(call, f"The tool gave no result in {self._timeout_seconds:g} s.")
            return _error(call, f"{type(error).__name__}: {error}")
        return ToolResult(call.id, call.name, content)


async def _side_by_side(works: Sequence[Coroutine[None, None, Entry]]) -> list[Entry]:
    if len(works) == 1:
        return [await works[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # callers know single errors, not groups
    return [task.result() for task in tasks]


def _error(call: ToolCall, words: str) -> ToolResult:
    return ToolResult(call.id, call.name, words, is_error=True)
