"""Tool calls: each is written as started, executed once, and written with its result.

After a crash a call that was started and has no result is executed again if its tool declares that
to be harmless; otherwise the model is told that the outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import orjson

from parallel_agents.containment.calls import describe
from parallel_agents.core.command_limits import OutputMeter, output_left
from parallel_agents.core.decisions import Decisions
from parallel_agents.core.event import Entry, Noticed, ToolFinished, ToolStarted
from parallel_agents.core.kept import KeptCall
from parallel_agents.core.kept_calls import name_of
from parallel_agents.core.message import Place, ToolCall, ToolResult
from parallel_agents.core.permission import Decision
from parallel_agents.core.question import Answer
from parallel_agents.core.repetition import advice, times_in_a_row
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import compiled
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.told import kept as kept_result
from parallel_agents.core.tool import Access, Effect, Tool, ToolContext, ToolSpec
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.unicode import whole_text
from parallel_agents.errors import LeftRun, StoreError, ToolUnavailable
from parallel_agents.runners.agent.approvals import Approvals, Requested, denial, ruling
from parallel_agents.runners.agent.call_commands import runner_of
from parallel_agents.runners.agent.call_in_flight import CallInFlight, OfTurn
from parallel_agents.runners.agent.call_sharing import shared_with
from parallel_agents.runners.agent.concurrent_calls import concurrently
from parallel_agents.runners.agent.hiding import hidden_result, stands_for_secret
from parallel_agents.runners.agent.kept_texts import ReadsBy, cut_of, reader_of
from parallel_agents.runners.agent.questions import Questions
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.runners.clock import Clock

SIMULATED = "Simulated, not executed: a simulated model made up this call, and the tool may do more than read."
UNKNOWN = "The call was started before a crash; its outcome is unknown and it was not repeated."


class _Asked(NamedTuple):
    """A call that has no result yet.

    Attributes:
        place: its turn and number; the keys of its events begin with it.
        name: what its tool knows it by.
        was_started: whether a process began to execute it.
        kept: the same call of an earlier attempt.
        again: the same call of another run, which this one does again.
        decisions: what people decided about the calls of this run.
        answer: what a person decided about it, if one was asked.
    """

    place: Place
    call: ToolCall
    name: str
    was_started: bool
    kept: KeptCall | None
    again: str
    decisions: Decisions
    answer: Answer | None = None

    @property
    def key(self) -> str:
        return str(self.place)

    @classmethod
    def of(cls, transcript: Transcript, number: int) -> _Asked:
        call, place = transcript.asked[number - 1], Place(transcript.turn, number)
        started, kept = transcript.started.get(number), transcript.repeated(number)
        name = name_of(started, str(place)) if kept is None else kept.name
        again = transcript.done_again(number) if kept is None else ""
        return cls(place, call, name, started is not None, kept, again, transcript.decisions)

    def decided(self) -> _Asked:
        """The call as a person decided about it, who may have changed its arguments."""
        if not self.decisions.answered:
            return self
        answer = self.decisions.answered.get(f"{self.place}/approval")
        if answer is None:
            return self
        changed = answer.arguments
        call = self.call if changed is None else replace(self.call, arguments=changed)
        return self._replace(call=call, answer=answer)


class _Known(NamedTuple):
    """The result of a call that is not executed, and whether nobody knows what the call did."""

    result: ToolResult
    is_unknown: bool = False


class _Judged(NamedTuple):
    """A call, and what is known of it before it is executed.

    Attributes:
        decision: what the permissions say of it; None if it cannot be executed as it was written.
        known: its result, if it is not executed.
    """

    asked: _Asked
    decision: Decision | None
    known: _Known | None


class _Underway(NamedTuple):
    """A call that is about to be executed, or to be told with the result that is known.

    Attributes:
        most_tokens: the most tokens of the result that the model is shown.
        advice: what it is told besides the result, since it repeats itself.
    """

    judged: _Judged
    activation: Activation
    caller: CallInFlight
    most_tokens: int
    advice: str


class ToolCalls:
    """The tools of one agent, in one run.

    Attributes:
        specs: the tools as the model sees them.
        notices: what a reader of the result should know of them.

    Raises:
        ToolUnavailable: the agent names a tool that this process does not have.
    """

    __slots__ = (
        "_approvals",
        "_is_simulated",
        "_limits",
        "_patience",
        "_reads_by",
        "_schemas",
        "_timeout_seconds",
        "_tooling",
        "_tools",
        "notices",
        "specs",
    )

    def __init__(
        self,
        names: Sequence[str],
        tooling: Tooling,
        *,
        session: SessionOptions = SessionOptions(),
        timeout_seconds: float | None,
        served: Mapping[str, Tool] = MappingProxyType({}),
    ) -> None:
        tools = tooling.tools
        if missing := [name for name in names if name not in tools and name not in served]:
            raise ToolUnavailable(
                f"no tool {missing[0]!r} in this process",
                why="the agent names it, and no such tool was given to `open` or `run`",
                hint=f"pass tools=[{missing[0]}], or remove it from the agent's list",
            )
        self._tools = {name: served[name] if name in served else tools[name] for name in names}
        self.specs = tuple(tool.spec for tool in self._tools.values())
        self._schemas = {spec.name: compiled(spec.parameters) for spec in self.specs}
        self._approvals = Approvals((tooling.permissions, *session.permissions), session.cwd)
        self.notices = self._approvals.notices(self.specs)
        self._patience = tooling.patience
        self._timeout_seconds = timeout_seconds
        self._limits = session.limits.of_commands
        self._tooling = tooling
        self._reads_by = ReadsBy.of(self._tools, tooling)
        self._is_simulated = False

    @property
    def may_write(self) -> bool:
        """Whether a call could put code where something else runs it."""
        return any(spec.access in {Access.WRITE, Access.RUN} for spec in self.specs)

    async def run(
        self,
        activation: Activation,
        transcript: Transcript,
        clock: Clock,
        *,
        most: int,
        is_simulated: bool = False,
    ) -> None:
        """Execute, concurrently, every call of the last reply that has no result yet.

        A call that waits for other runs releases the run's slot; on return the run has one again.
        Of each result the model is told at most `most` tokens. Of what a simulated model has made
        up, only what cannot do more than read is executed.
        """
        self._is_simulated = is_simulated
        left = output_left(self._limits, transcript.commands.written)
        shared = OfTurn(set(transcript.handed_back), OutputMeter(left))
        questions = Questions(activation, transcript, self._patience)
        asked = [
            _Asked.of(transcript, number)
            for number in range(1, len(transcript.asked) + 1)
            if number not in transcript.finished
        ]
        told = advice(times_in_a_row(transcript.messages))
        judged = [self._judge(each) for each in asked]
        requested = [
            Requested(asked.place, asked.call, self._tools[asked.call.name].spec, decision)
            for asked, decision, known in judged
            if known is None and decision is not None
        ]
        stood = await self._approvals.obtain(requested, questions, transcript.decisions, clock)
        calls = [
            self._run_one(
                _Underway(
                    self._judge_again(each),
                    activation,
                    CallInFlight(
                        activation,
                        clock,
                        questions,
                        each.asked.place,
                        shared,
                        seconds=self._timeout_seconds,
                        stood=0.0 if number else stood,
                    ),
                    most,
                    told,
                )
            )
            for number, each in enumerate(judged)
        ]
        for entries in await concurrently(calls):
            for entry in entries:
                transcript.apply(entry.key, entry.body)
        await clock.resume()

    async def _run_one(self, one: _Underway) -> list[Entry]:
        """What was written of the call."""
        with one.caller.in_flight():
            return await self._run_in_flight(one)

    async def _run_in_flight(self, one: _Underway) -> list[Entry]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        (asked, decision, known), activation, caller, most, told = one
        call = asked.call
        written: list[Entry] = []
        if decision is not None:
            spec = self._tools[call.name].spec
            if ruled := ruling(asked.place, spec, decision, asked.answer):
                activation.journal.note(ruled)
        if known is not None:
            result, is_unknown = known
        else:
            tool = self._tools[call.name]
            started = ToolStarted(
                turn=asked.place.turn,
                call=call,
                effect=tool.spec.effect,
                number=asked.place.number,
                repeats=asked.name if asked.kept is not None else "",
            )
            entry = Entry(f"{asked.key}/started", started)
            written.append(entry)
            if tool.spec.effect is Effect.ONCE:
                await activation.journal.append(entry)
            else:
                activation.journal.note(entry)  # starting it again is harmless: nothing waits
            result = hidden_result(_with_change(await self._execute(tool, one), asked))
            if told and tool.spec.access is not Access.NONE:
                result = replace(result, content=f"{result.content}\n{told}")
            is_unknown = caller.is_unknown
        finished = ToolFinished(
            turn=asked.place.turn,
            number=asked.place.number,
            result=kept_result(result),
            cut=cut_of(result, asked.place, activation.claim, most, self._reads_by),
            is_unknown=is_unknown,
            seconds=loop.time() - began,
            parked_seconds=caller.parked_seconds,
            handed_back=caller.handed_back,
            output_bytes=caller.output.written,
        )
        hits = [
            Entry(f"{asked.key}/limit-{hit.limit}", Noticed(text=hit.text, limit=hit.limit))
            for hit in caller.hits.values()
        ]
        entries = (*hits, Entry(asked.key, finished))
        await activation.journal.append(*entries)
        return [*written, *entries]

    def _judge(self, asked: _Asked) -> _Judged:
        call = asked.call
        tool = self._tools.get(call.name)
        if tool is None:
            tools = ", ".join(self._tools) or "none"
            known = _Known(_error(call, f"There is no tool {call.name!r}. Tools: {tools}."))
            return _Judged(asked, None, known)
        if call.unread:
            text = f"The arguments could not be read, so the tool was not called: {call.unread}"
            text += "\nCall it again with the arguments as one JSON object."
            return _Judged(asked, None, _Known(_error(call, text)))
        decision = self._approvals.decide(tool.spec, call)
        return _Judged(asked, decision, self._known_result(asked, tool.spec, decision))

    def _judge_again(self, judged: _Judged) -> _Judged:
        """The call as a person decided about it, if one was asked."""
        asked = judged.asked.decided()
        return judged if asked.answer is None else self._judge(asked)

    def _known_result(self, asked: _Asked, spec: ToolSpec, decision: Decision) -> _Known | None:
        """The result of a call that is not executed; None to execute it."""
        call, kept = asked.call, asked.kept
        reads_itself = call.name in self._tooling.session_tools  # tolerantly, as from elsewhere
        problems = () if reads_itself else self._schemas[call.name].problems(call.arguments)
        if problems:
            listed = "; ".join(str(problem) for problem in problems)
            return _Known(_error(call, f"The arguments do not match the tool's schema: {listed}"))
        if refusal := denial(call, decision) or stands_for_secret(call, spec):
            return _Known(_error(call, refusal))
        if self._is_simulated and self._may_do_more_than_read(spec):
            return _Known(ToolResult(call.id, call.name, SIMULATED))
        if kept is not None and kept.stands:
            return _Known(kept.answer(call), kept.is_unknown)
        if asked.answer is not None and not asked.answer.allow:
            return _Known(_error(call, _not_approved(asked.answer)))
        if asked.was_started and spec.effect is Effect.ONCE:
            return _Known(_error(call, UNKNOWN), is_unknown=True)
        return None

    @property
    def acting(self) -> frozenset[str]:
        """The names of the tools whose calls may change something."""
        return frozenset(each.name for each in self.specs if self._may_do_more_than_read(each))

    def _may_do_more_than_read(self, spec: ToolSpec) -> bool:
        """Whether a call may change something outside of the tree of its session."""
        if spec.name in self._tooling.session_tools:
            return False
        return spec.effect is Effect.ONCE or not spec.access.is_free

    async def _execute(self, tool: Tool, one: _Underway) -> ToolResult:
        (asked, decision, _), activation, caller, *_ = one
        session, run, call = activation.claim.session, activation.claim.run, asked.call
        shared = shared_with(self._tooling, activation.claim, asked.name, asked.again)
        context = ToolContext(
            session=session.key,
            run=run.id,
            call=asked.name,
            cwd=session.options.cwd,
            caller=caller,
            again=asked.again,
            about=None if decision is None else decision.about,
            denies=partial(self._approvals.denies, tool.spec.name),
            permits=partial(self._approvals.permits, tool.spec, asked.decisions),
            run_command=runner_of(self._tooling, session, caller),
            state=shared.state,
            artifacts=shared.artifacts,
            read_kept=reader_of(self._tooling, session.key),
            most_tokens=one.most_tokens,
        )
        try:
            async with caller.deadline:
                content = await tool.call(call.arguments, context)
        except (StoreError, LeftRun):
            raise
        except Exception as error:  # noqa: BLE001 - the model decides what to do about a failed tool
            caller.note_failure(error)
            if caller.deadline.expired():
                return _error(call, f"The tool gave no result in {self._timeout_seconds:g} s.")
            return _error(call, describe(error))
        return ToolResult(call.id, call.name, whole_text(content))


def _not_approved(answer: Answer) -> str:
    note = f": {answer.text}" if answer.text else ""
    return f"A person was asked, and did not allow the call{note}."


def _with_change(result: ToolResult, asked: _Asked) -> ToolResult:
    """The result, which begins with the arguments if a person changed them."""
    if asked.answer is None or asked.answer.arguments is None:
        return result
    arguments = orjson.dumps(asked.call.arguments).decode()
    note = f"[A person changed the arguments of the call to {arguments}]"
    return replace(result, content=f"{note}\n{result.content}")


def _error(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call.id, call.name, text, is_error=True)
