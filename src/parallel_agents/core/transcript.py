"""Transcript: the state of a run, folded from its session's events, with all that its model is shown.

The loop applies each event to the same fold when it writes it, so a run that continues after a
crash has the same state as one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Gated,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Revised,
    Steered,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure
from parallel_agents.core.schema import JsonObject

CUT_OFF = "This call was cut off before its result was known."


def task_text(text: str, values: JsonObject) -> str:
    """The first message of a run: the task, and its input as JSON under it."""
    if not values:
        return text
    body = orjson.dumps(values, option=orjson.OPT_INDENT_2).decode()
    return f"{text}\n\nInput:\n{body}"


class AnswerId(NamedTuple):
    """Which answer of a run: the attempt, and the turn of its last reply."""

    attempt: int
    turn: int


@dataclass(frozen=True, slots=True)
class Version:
    """An answer, and the verdicts of its gates."""

    attempt: int
    last_text: str
    verdicts: tuple[Verdict, ...] = ()

    @property
    def rank(self) -> tuple[int, float]:
        """A higher rank is better: first by the number of gates passed, then by the score."""
        passed = sum(verdict.is_accepted for verdict in self.verdicts)
        return passed, -1.0 if self.score is None else self.score

    @property
    def score(self) -> float | None:
        """The score of the most expensive gate that gave one."""
        scores = [verdict.score for verdict in self.verdicts if verdict.score is not None]
        return scores[-1] if scores else None

    @property
    def refusals(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.is_accepted)


@dataclass(slots=True)
class Transcript:
    """The state of a run.

    Attributes:
        messages: the conversation, oldest first; a reply's tool results follow once all are known.
        turn: the number of model replies in the run.
        tries: attempts on the current model.
        model: the model that the run has climbed to; empty for the one that it began on.
        verdicts: the gates' verdicts on the attempt's answer, so far.
        reviser: the agent that makes the attempt's answer; empty for the model.
        repairs: rejected answers since the attempt began.
        last_text: the text of the run's last reply.
        last_finish: why that reply ended.
        asked: the tool calls of the last reply, until all have a result.
        results: the results that are known, by call id.
        started: the calls that were started, by call id.
        pending: messages not yet delivered, by event key.
        received: event keys of all messages to the run.
        delivered: the messages that were delivered; another attempt gets them with its task.
        handed_back: runs of children whose ends are reported in the messages.
        counted: the number of messages that the last reply's token count covers.
        counted_tokens: that count, including instructions and tools; 0 if it is not known.
        closing: why only one call is left; None if more are.
        estimated: the number of replies whose tokens the server did not count.
        pauses: the number of replies in a row that the server paused.
    """

    messages: list[Message] = field(default_factory=list[Message])
    turn: int = 0
    attempt: int = 1
    tries: int = 1
    model: str = ""
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    reviser: str = ""
    repairs: int = 0
    last_text: str = ""
    last_finish: Finish = Finish.STOP
    asked: tuple[ToolCall, ...] = ()
    results: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])
    started: dict[str, ToolStarted] = field(default_factory=dict[str, ToolStarted])
    pending: dict[str, Steered] = field(default_factory=dict[str, Steered])
    received: set[str] = field(default_factory=set[str])
    delivered: list[str] = field(default_factory=list[str])
    handed_back: set[RunId] = field(default_factory=set[RunId])
    counted: int = 0
    counted_tokens: int = 0
    closing: Failure | None = None
    estimated: int = 0
    pauses: int = 0
    task_end: int = 0
    _reported_before: frozenset[RunId] = frozenset()
    _best_before: Version | None = None
    _stale_before: int = 0

    @property
    def answer_id(self) -> AnswerId:
        return AnswerId(self.attempt, self.turn)

    @property
    def version(self) -> Version | None:
        """The attempt's answer with the verdicts so far; None before the first verdict."""
        verdicts = tuple(self.verdicts)
        return Version(self.attempt, self.last_text, verdicts) if verdicts else None

    @property
    def best(self) -> Version | None:
        """The best version of the run; None before the first verdict."""
        version, before = self.version, self._best_before
        is_better = version and (before is None or version.rank > before.rank)
        return version if is_better else before

    @property
    def stale(self) -> int:
        """The number of versions that the model has made since the best one."""
        if not self.verdicts:
            return self._stale_before
        return 0 if self.best is not self._best_before else self._stale_before + 1

    def apply(self, key: str, body: Body) -> None:
        """Apply one event of the session."""
        match body:
            case Queued():
                self._begin_run(body)
            case Replied():
                self._take_reply(body)
            case ToolStarted():
                self.started[body.call.id] = body
            case ToolFinished():
                self.results[body.result.call_id] = body.result
                self.handed_back.update(body.handed_back)
                if all(call.id in self.results for call in self.asked):
                    self._hand_over_results()
            case Steered():
                if key not in self.received:
                    self.received.add(key)
                    self.pending[key] = body
            case Attempted():
                self._begin_attempt(body)
            case Gated():
                self.verdicts.append(body.verdict)
            case Revised():
                self._take_revision(body)
            case Refused() | Delivered() | HandedBack() | Closing():
                self._add_message(body)
            case _:
                pass

    def _take_revision(self, revised: Revised) -> None:
        self.messages.append(assistant(revised.text))
        self.last_text, self.last_finish, self.reviser = revised.text, Finish.STOP, ""

    def _begin_attempt(self, begun: Attempted) -> None:
        self.messages[self.task_end :] = map(user, self.delivered)
        self.handed_back = set(self._reported_before)
        if begun.critique:
            self.messages.append(user(begun.critique))
        self.tries = 1 if begun.model else self.tries + 1
        self._best_before, self._stale_before = self.best, 0 if begun.model else self.stale
        self.model, self.reviser = begun.model or self.model, begun.by
        self.attempt, self.repairs, self.asked = begun.number, 0, ()
        self.counted = self.counted_tokens = 0
        self.verdicts.clear()

    def _take_reply(self, reply: Replied) -> None:
        self._hand_over_results()
        self.messages.append(reply.message)
        self.verdicts.clear()  # they judged the previous answer
        self.counted_tokens = 0 if reply.is_estimated else reply.usage.total_tokens
        self.estimated += reply.is_estimated
        self.pauses = self.pauses + 1 if reply.finish is Finish.PAUSED else 0
        self.counted = len(self.messages) if self.counted_tokens else 0
        before = self.last_text if self.last_finish is Finish.PAUSED else ""
        self.turn, self.last_text = reply.turn, before + reply.message.text
        self.last_finish = reply.finish
        self.asked = reply.message.tool_calls

    def _add_message(self, event: Refused | Delivered | HandedBack | Closing) -> None:
        """Apply an event that tells the model something and is not a tool's result."""
        self._hand_over_results()
        match event:
            case Refused(text=text):
                self.repairs += 1
            case Delivered(steer=steer, text=text):
                self.pending.pop(steer, None)
                self.delivered.append(text)
            case HandedBack(text=text, runs=runs):
                self.handed_back.update(runs)
            case Closing(text=text, error=error):
                self.closing = error
        self.messages.append(user(text))

    def _begin_run(self, queued: Queued) -> None:
        self._hand_over_results()
        self.messages.extend(queued.context)
        self.messages.append(user(task_text(queued.text, queued.input)))
        self.task_end = len(self.messages)
        self._reported_before = frozenset(self.handed_back)
        self.turn, self.attempt, self.repairs, self.last_text = 0, 1, 0, ""
        self.closing, self.model, self.tries = None, "", 1
        self.estimated, self.pauses = 0, 0
        self._best_before, self._stale_before, self.reviser = None, 0, ""
        self.verdicts.clear()
        self.pending.clear()
        self.received.clear()
        self.delivered.clear()

    def _hand_over_results(self) -> None:
        """Add the results in the order of the calls; a call without one was cut off."""
        if not self.asked:
            return
        results = tuple(
            self.results.get(call.id) or ToolResult(call.id, call.name, CUT_OFF, is_error=True)
            for call in self.asked
        )
        self.messages.append(Message(Role.TOOL, results))
        self.asked, self.results, self.started = (), {}, {}


def forked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that a forked session begins with: all except tool calls without results."""
    whole = list(messages)
    while whole and whole[-1].tool_calls:
        whole.pop()
    return tuple(whole)


def fold(events: Iterable[Event], run: RunId | None = None) -> Transcript:
    """The transcript of a session up to and including its run `run`, or of all its runs.

    Runs are applied one after the other, although the next may be queued while one is live.
    """
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    state = Transcript()
    for each, its_events in by_run.items():
        for event in its_events:
            state.apply(event.key, event.body)
        if each == run:
            break
    return state
