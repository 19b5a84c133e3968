"""Translation: what the events of a run and of all below it are as events of AG-UI.

The same events give the same translation, so that a client that lost its connection is sent what is
missing by translating again from the beginning of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Attempted,
    Event,
    Finished,
    Noticed,
    Queued,
    Replied,
    Retrying,
    Started,
    ToolFinished,
)
from parallel_agents.core.flow import StepFinished, StepStarted
from parallel_agents.core.ids import RunId, SessionKey, is_group_key
from parallel_agents.core.json_value import as_list
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.surfaces.agui import events as agui
from parallel_agents.surfaces.answers import ANSWERED, Answers, error_of
from parallel_agents.views.documents import named_event_json

_MOST_TEXT = 16_000  # characters of a result of a tool
_OURS = "pagents"


class Member(NamedTuple):
    """A session below that of the run: its agent, what it is called, and what spawned it."""

    agent: str
    about: str
    label: str
    parent: SessionKey | None


class Asking(NamedTuple):
    """What the client calls its conversation and its run, and the state that it gave."""

    thread: str
    run: str
    parent: str | None
    state: Mapping[str, Json]


@dataclass(slots=True)
class Translation:
    """The run of one request, as far as its events are known.

    Attributes:
        asking: what the client calls it.
        session, run: what it is here.
        agent: the name of the agent or the team.
        is_over: whether its end was translated.
    """

    asking: Asking
    session: SessionKey
    run: RunId
    agent: str
    is_over: bool = False
    _live: dict[RunId, SessionKey] = field(default_factory=dict[RunId, SessionKey])
    _begins: dict[RunId, int] = field(default_factory=dict[RunId, int])
    _writers: dict[int, RunId] = field(default_factory=dict[int, RunId])
    _calls: dict[tuple[RunId, int, int], str] = field(
        default_factory=dict[tuple[RunId, int, int], str]
    )
    _steps: list[tuple[RunId, str]] = field(default_factory=list[tuple[RunId, str]])
    _usage: dict[str, Usage] = field(default_factory=dict[str, Usage])
    _spend: Spend = field(default_factory=Spend)
    _answers: Answers = field(default_factory=Answers)
    _said: str = ""
    _has_started: bool = False

    def __post_init__(self) -> None:
        self._has_started = self._is_group  # whose tasks are queued with it

    @property
    def _is_group(self) -> bool:
        return is_group_key(self.session)

    def of(self, event: Event, member: Member | None) -> list[agui.AnyEvent]:
        """What an event is; nothing for those of other runs, and after the end.

        Args:
            event: the next event of the tree.
            member: its session; None for that of the run itself.
        """
        if self.is_over or not self._is_ours(event, member):
            return []
        self._writers[self._begins.setdefault(event.run, event.seq)] = event.run
        return list(self._of(event, member, round(event.at * 1000), self.subagent_of(event.run)))

    def subagent_of(self, run: RunId) -> RunId | None:
        """Whom to attribute what a run does to; None for the run itself."""
        return None if run == self.run else run

    def message_of(self, run: RunId, turn: int) -> str | None:
        """The id of the message that a run's model writes in a turn; None for a run that is not live.

        It is known before the reply is, so that its text can be told while it is written.
        """
        begin = self._begins.get(run)
        return None if begin is None else f"m{begin}.{turn}"

    def writer_of(self, message: str) -> RunId | None:
        """The run whose model writes a message; None if it is not live."""
        return self._writers.get(int(message[1:].partition(".")[0]))

    def _is_ours(self, event: Event, member: Member | None) -> bool:
        """Whether an event is of the run, or of one that was begun below it since.

        What the session's run before has begun may still be live.
        """
        if event.session == self.session:
            return event.run == self.run
        if event.run in self._live:
            return True
        if member is None or not isinstance(event.body, Queued):
            return False
        return member.parent in self._live.values() or (
            member.parent == self.session and self._has_started
        )

    def _of(
        self, event: Event, member: Member | None, at: int, by: str | None
    ) -> Iterator[agui.AnyEvent]:
        match event.body:
            case Queued():
                yield from self._begun(event, member, at)
            case Started() if by is None:
                self._has_started = True
                yield self._changed(at, status=RunStatus.RUNNING.value)
            case Replied():
                yield from self._replied(event, event.body, at, by)
            case ToolFinished():
                call = (event.run, event.body.turn, event.body.number)
                yield agui.ToolCallResult(
                    timestamp=at,
                    subagent_run_id=by,
                    message_id=f"m{event.seq}",
                    tool_call_id=self._calls.get(call, event.body.result.call_id),
                    content=event.body.result.content[:_MOST_TEXT],
                )
            case StepStarted():
                self._steps.append((event.run, event.body.name))
                yield agui.StepStarted(timestamp=at, subagent_run_id=by, step_name=event.body.name)
            case StepFinished():
                yield from self._step_done(event.run, event.body.name, at)
            case Attempted() | Retrying() | Noticed() | Asked() | Answered():
                yield agui.Custom(
                    timestamp=at,
                    subagent_run_id=by,
                    name=f"{_OURS}.{event.body.kind}",
                    value=_json_of(event),
                )
            case Finished():
                yield from self._ended(event, event.body.outcome, member, at)
            case _:
                pass

    def _begun(self, event: Event, member: Member | None, at: int) -> Iterator[agui.AnyEvent]:
        if event.run == self.run:
            yield agui.RunStarted(
                timestamp=at,
                thread_id=self.asking.thread,
                run_id=self.asking.run,
                parent_run_id=self.asking.parent,
            )
            ours: dict[str, Json] = {
                "session_key": self.session,
                "run_id": self.run,
                "agent": self.agent,
                "status": RunStatus.QUEUED.value,
                **_money(self._spend),
            }
            yield agui.StateSnapshot(timestamp=at, snapshot={**self.asking.state, _OURS: ours})
            return
        self._live[event.run] = event.session
        above = None if member is None else member.parent
        yield agui.SubagentStarted(
            timestamp=at,
            subagent_run_id=event.run,
            name=event.session if member is None else member.agent,
            description=member.about or None if member is not None else None,
            parent_subagent_run_id=next(
                (run for run, session in reversed(self._live.items()) if session == above), None
            ),
            metadata={_OURS: _names_of(event)},
        )

    def _replied(
        self, event: Event, body: Replied, at: int, by: str | None
    ) -> Iterator[agui.AnyEvent]:
        self._spend += body.spend
        self._usage[body.model] = self._usage.get(body.model, Usage()) + body.usage
        if not body.is_summary:
            message = self.message_of(event.run, body.turn) or ""
            if body.message.text:
                yield from _message(message, body.message.text, at, by)
                self._said = body.message.text if by is None else self._said
            for number, call in enumerate(body.message.tool_calls, 1):
                name = self._calls[event.run, body.turn, number] = f"c{event.seq}.{number}"
                yield agui.ToolCallStart(
                    timestamp=at,
                    subagent_run_id=by,
                    tool_call_id=name,
                    tool_call_name=call.name,
                    parent_message_id=message if body.message.text else None,
                )
                arguments = orjson.dumps(call.arguments, default=as_list).decode()
                yield agui.ToolCallArgs(
                    timestamp=at, subagent_run_id=by, tool_call_id=name, delta=arguments
                )
                yield agui.ToolCallEnd(timestamp=at, subagent_run_id=by, tool_call_id=name)
        yield self._changed(at, **_money(self._spend))

    def _ended(
        self, event: Event, outcome: Outcome, member: Member | None, at: int
    ) -> Iterator[agui.AnyEvent]:
        yield from self._left_steps(event.run, at)
        del self._writers[self._begins.pop(event.run)]
        if event.run != self.run:
            del self._live[event.run]
            if member is not None and member.parent == self.session and self._is_group:
                self._answers.add(member.label, outcome)
            yield _subagent_end(event.run, outcome, at)
            return
        for run in reversed(tuple(self._live)):
            yield from self._left_steps(run, at)
            yield agui.SubagentError(
                timestamp=at, subagent_run_id=run, message="the run above it has ended"
            )
        text = self._answers.text(outcome)
        if outcome.status in ANSWERED and text.strip() and text.strip() != self._said.strip():
            yield from _message(f"m{event.seq}", text, at, None)
        yield self._changed(at, status=outcome.status.value)
        self.is_over = True
        yield self._run_end(outcome, at)

    def _run_end(self, outcome: Outcome, at: int) -> agui.AnyEvent:
        usage = tuple(_usage_of(model, used) for model, used in self._usage.items())
        if outcome.status in ANSWERED or outcome.status is RunStatus.KILLED:
            return agui.RunFinished(
                timestamp=at,
                thread_id=self.asking.thread,
                run_id=self.asking.run,
                outcome=agui.Ended(type="success" if outcome.status in ANSWERED else "cancelled"),
                result=self._answers.output(outcome),
                usage=usage,
            )
        message, code = error_of(outcome)
        return agui.RunError(timestamp=at, message=message, code=code, usage=usage)

    def _step_done(self, run: RunId, name: str, at: int) -> Iterator[agui.AnyEvent]:
        """The end of a step; one that was stored before has no beginning, and is left out."""
        if (run, name) not in self._steps:
            return
        self._steps.remove((run, name))
        by = None if run == self.run else run
        yield agui.StepFinished(timestamp=at, subagent_run_id=by, step_name=name)

    def _left_steps(self, run: RunId, at: int) -> Iterator[agui.AnyEvent]:
        for each, name in tuple(self._steps):
            if each == run:
                yield from self._step_done(run, name, at)

    def _changed(self, at: int, **values: Json) -> agui.StateDelta:
        return agui.StateDelta(
            timestamp=at,
            delta=tuple(
                agui.Replace(path=f"/{_OURS}/{name}", value=value) for name, value in values.items()
            ),
        )


def _names_of(event: Event) -> dict[str, Json]:
    """Which of several sessions of one agent an event is of."""
    return {"session_key": event.session, "label": event.label, "path": list(event.path)}


def _message(message: str, text: str, at: int, by: str | None) -> Iterator[agui.AnyEvent]:
    yield agui.TextMessageStart(timestamp=at, subagent_run_id=by, message_id=message)
    yield agui.TextMessageContent(timestamp=at, subagent_run_id=by, message_id=message, delta=text)
    yield agui.TextMessageEnd(timestamp=at, subagent_run_id=by, message_id=message)


def _subagent_end(run: RunId, outcome: Outcome, at: int) -> agui.AnyEvent:
    if outcome.status in ANSWERED:
        return agui.SubagentFinished(timestamp=at, subagent_run_id=run, result=outcome.output)
    message, code = error_of(outcome)
    return agui.SubagentError(timestamp=at, subagent_run_id=run, message=message, code=code or None)


def _usage_of(model: str, used: Usage) -> agui.TokenUsage:
    provider, _, name = model.partition("/")
    return agui.TokenUsage(
        provider=provider,
        model=name,
        input_tokens=used.all_input_tokens,
        output_tokens=used.output_tokens,
        total_tokens=used.total_tokens,
        cached_input_tokens=used.cache_read_tokens,
        cache_write_input_tokens=used.cache_write_tokens,
    )


def _money(spend: Spend) -> dict[str, Json]:
    """What the calls cost so far; a null cost is unknown."""
    return {
        "calls": spend.calls,
        "tokens": spend.usage.total_tokens,
        "cost_usd": spend.cost_usd,
        "simulated_usd": spend.simulated_usd,
    }


def _json_of(event: Event) -> dict[str, Json]:
    found: dict[str, Json] = orjson.loads(orjson.dumps(named_event_json(event), default=as_list))
    return found
