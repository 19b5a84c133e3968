"""Steps: what a session did, one after another, as what two runs of it can be compared by.

Ids, times and tries of calls are no part of it: those differ between any two runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

import orjson

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Finished,
    Gated,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Revised,
    Shortened,
    ToolFinished,
)
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.json_value import as_list
from parallel_agents.core.message import (
    File,
    Message,
    Part as SaidPart,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from parallel_agents.core.model import Finish

KINDS = (
    "queued",
    "attempted",
    "replied",
    "answered",
    "tool_finished",
    "refused",
    "delivered",
    "handed_back",
    "gated",
    "revised",
    "shortened",
    "closing",
    "step_finished",
    "finished",
)
EARLIER = "earlier conversation"
_BEGINS = "begin of attempt "
_END = "end"
_PERHAPS_IDS = re.compile(r"[A-Za-z0-9_:-]{8,}")
_USUAL_ENDS = (Finish.STOP, Finish.TOOLS)


class Part(StrEnum):
    """What of a step it is."""

    INPUT = "input"
    PROMPT = "prompt"
    MODEL = "model"
    REPLY = "reply"
    TOOL_CALL = "tool call"
    TOOL_RESULT = "tool result"
    STATE = "state"


class Detail(NamedTuple):
    """A part of a step with its text.

    Attributes:
        title: which one it is, such as the name of a tool; empty if there is only one.
        text: what is shown of it.
        essence: what it is compared by; None for the text.
    """

    part: Part
    title: str
    text: str
    essence: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a step, without its text, which is read again where it matters.

    Attributes:
        number: the turn that it belongs to; 0 for what a run begins with.
        digest: of what it is compared by; empty if that is not known, as for the model of a reply that a fork
            took over.
        seq: the number of its event; 0 if it is of the agent's definition.
        place: which of the event's details it is.
        at: when it happened, in seconds since the epoch.
    """

    number: int
    part: Part
    title: str
    digest: bytes
    seq: int
    place: int
    at: float


class Ids:
    """The keys and ids of the sessions of a tree, and the labels that stand for them in texts."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def without(self, text: str) -> str:
        """A text in which labels stand for ids."""
        return _PERHAPS_IDS.sub(self._label, text)

    def _label(self, found: re.Match[str]) -> str:
        label = self._names.get(found[0])
        return found[0] if label is None else f"<{label}>"


def encoded(value: object, *, is_sorted: bool = True) -> str:
    """A value as JSON, with its names in order or as they are."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    option |= orjson.OPT_SORT_KEYS if is_sorted else 0
    return orjson.dumps(value, default=as_list, option=option).decode()


def definition_of(agent: AnyAgent) -> list[Detail]:
    """What of an agent's definition its model is told before anything happens."""
    shown = f"\n\nExamples:\n{encoded(agent.examples)}" if agent.examples else ""
    return [Detail(Part.PROMPT, "instructions", agent.instructions + shown)]


def earlier_of(messages: Sequence[Message]) -> list[Detail]:
    """What was said before a run: by the runs of its session before it, or where it was forked."""
    if not messages:
        return []
    return [Detail(Part.INPUT, EARLIER, "\n\n".join(map(_message, messages)))]


def _message(said: Message) -> str:
    return f"[{said.role}]\n{_joined(*map(_part, said.parts))}"


def _part(part: SaidPart) -> str:
    match part:
        case Text(text=text):
            return text
        case ToolCall(name=name, arguments=arguments, unread=unread):
            return f"calls {name} {unread or encoded(arguments)}"
        case ToolResult(name=name, content=content, is_error=is_error):
            return f"{name} {'failed' if is_error else 'returned'}: {content}"
        case File():
            return str(part)
        case Thinking():
            return ""


def details_of(body: Body) -> list[Detail]:
    """The parts of the step that an event tells; none if it tells nothing to compare."""
    match body:
        case Queued():
            return [*_given(body), *_taken(body.taken)]
        case Replied():
            return [*_said(body)]
        case ToolFinished():
            return [_returned(body)]
        case Attempted():
            return [*_begun(body)]
        case Gated(verdict=verdict):
            score = "" if verdict.score is None else f", {verdict.score:g} of 10"
            told = f"{'accepted' if verdict.is_accepted else 'rejected'}{score}"
            return [Detail(Part.STATE, verdict.gate, _joined(told, verdict.critique))]
        case Answered():
            answer = body.answer
            told = "allowed" if answer.allow else "denied"
            return [Detail(Part.STATE, "answer of a person", _joined(told, answer.text))]
        case StepFinished():
            return [_step(body)]
        case Finished():
            return [_ended(body)]
        case Revised(by=by, text=text):
            return [Detail(Part.REPLY, f"revised by {by}", text)]
        case _:
            return _told(body)


def _told(body: Body) -> list[Detail]:
    """What the model is told besides its task and the results of its calls."""
    match body:
        case Refused(text=text):
            return [Detail(Part.PROMPT, "the answer was refused", text)]
        case Delivered(text=text):
            return [Detail(Part.PROMPT, "a message", text)]
        case HandedBack(text=text):
            return [Detail(Part.PROMPT, "reports of agents", text)]
        case Closing(text=text, error=error):
            return [Detail(Part.PROMPT, "one call is left", text, error.code)]
        case Shortened():
            return [Detail(Part.PROMPT, "shortened", "The conversation was shortened.")]
        case _:
            return []


def _joined(*texts: str) -> str:
    return "\n".join(filter(None, texts))


def _given(queued: Queued) -> Iterator[Detail]:
    if queued.team is None:
        yield Detail(Part.INPUT, "task", queued.text)
    for name, value in sorted(queued.input.items()):
        yield Detail(Part.INPUT, name, value if isinstance(value, str) else encoded(value))
    if queued.files:
        told = "\n".join(map(str, queued.files))
        yield Detail(Part.INPUT, "files", told, _joined(*(each.id for each in queued.files)))


def _said(reply: Replied) -> Iterator[Detail]:
    message = reply.message
    yield Detail(Part.MODEL, "", reply.model)
    title = "a summary" if reply.is_summary else ""
    end = "" if reply.finish in _USUAL_ENDS else reply.finish.value
    yield from _spoken(message, title, f"[ended by: {end}]" if end else "")


def _spoken(message: Message, title: str = "", end: str = "") -> Iterator[Detail]:
    text = _joined(message.text, end)
    if text or not message.tool_calls:
        yield Detail(Part.REPLY, title, text)
    for call in message.tool_calls:
        yield Detail(Part.TOOL_CALL, call.name, call.unread or encoded(call.arguments))


def _taken(messages: Iterable[Message]) -> Iterator[Detail]:
    """What a fork took over of the run that it answers anew, as that run has it."""
    for each in messages:
        if each.role is Role.ASSISTANT:
            yield Detail(Part.MODEL, "", each.model)
            yield from _spoken(each)
        elif results := [part for part in each.parts if isinstance(part, ToolResult)]:
            yield from map(_result, results)
        else:
            yield Detail(Part.PROMPT, "a message", each.text)


def _returned(finished: ToolFinished) -> Detail:
    return _result(finished.result, is_unknown=finished.is_unknown)


def _result(result: ToolResult, *, is_unknown: bool = False) -> Detail:
    marks = ["failed"] if result.is_error else []
    marks += ["its effect is not known"] if is_unknown else []
    told = f"[{', '.join(marks)}]" if marks else ""
    return Detail(Part.TOOL_RESULT, result.name, _joined(told, result.content))


def _begun(attempt: Attempted) -> Iterator[Detail]:
    error = attempt.error
    to = f"on {attempt.model}" if attempt.model else ""
    told = _joined(f"{error.code} {error.message}", error.why, to)
    essence = f"{error.code} {attempt.model} {attempt.by}"
    yield Detail(Part.STATE, f"{_BEGINS}{attempt.number}", told, essence)
    if attempt.critique:
        yield Detail(Part.PROMPT, "critique of the answer before", attempt.critique)


def _step(finished: StepFinished) -> Detail:
    error = finished.error
    if error is not None:
        told = f"{error.code} {error.message}"
        return Detail(Part.STATE, f"step {finished.name}", told, error.code)
    output = finished.output
    text = output if isinstance(output, str) else encoded(output)
    return Detail(Part.STATE, f"step {finished.name}", text)


def _ended(finished: Finished) -> Detail:
    outcome, error = finished.outcome, finished.outcome.error
    status = outcome.status.replace("_", " ")
    told = status if error is None else _joined(status, f"{error.code} {error.message}", error.why)
    return Detail(Part.STATE, _END, told, f"{status} {'' if error is None else error.code}")


def _is_end(detail: Detail) -> bool:
    """Whether it says only that an attempt begins or ends, as each of them does."""
    return detail.part is Part.STATE and detail.title.startswith((_BEGINS, _END))


class Track:
    """The steps of one session, or of one attempt, to which its events are added in order."""

    def __init__(self, ids: Ids, *, is_attempt: bool = False) -> None:
        self._ids = ids
        self._is_attempt = is_attempt
        self._steps: list[Step] = []
        self._results: list[tuple[int, Step]] = []
        self._of_flow: list[Step] = []
        self._number = 0
        self._begun = 0
        self._taken = 0

    def begin(self, agent: AnyAgent, at: float) -> None:
        """Add what its model is told by its definition."""
        self._steps += self._made(definition_of(agent), 0, at)
        self._begun = len(self._steps)

    def recall(self, messages: Sequence[Message], at: float) -> None:
        """Add what was said before the run, behind the definition, wherever the track is by now."""
        self._steps[self._begun : self._begun] = [
            replace(step, number=0, place=self._begun)
            for step in self._made(earlier_of(messages), 0, at)
        ]

    def add(self, event: Event) -> None:
        """Add an event; results of calls come in the order of the calls, steps of flows by their names."""
        body = event.body
        if isinstance(body, Replied):
            self._number = self._taken + body.turn - 1
        steps = self._made(details_of(body), event.seq, event.at)
        if isinstance(body, Queued):
            self._taken = self._number
        if isinstance(body, ToolFinished):
            self._results += [(body.number, step) for step in steps]
        elif isinstance(body, StepFinished):
            self._of_flow += steps
        else:
            self._flush()
            if isinstance(body, Finished):
                self._steps += sorted(self._of_flow, key=lambda step: step.title)
                self._of_flow.clear()
            self._steps += steps

    def steps(self) -> list[Step]:
        """The steps so far."""
        self._flush()
        return [*self._steps, *sorted(self._of_flow, key=lambda step: step.title)]

    def _flush(self) -> None:
        self._steps += [step for _, step in sorted(self._results, key=lambda each: each[0])]
        self._results.clear()

    def _made(self, details: Iterable[Detail], seq: int, at: float) -> list[Step]:
        steps: list[Step] = []
        for place, each in enumerate(details):
            self._number += each.part is Part.MODEL
            if not (self._is_attempt and _is_end(each)):
                digest = self._digest(each)
                steps.append(Step(self._number, each.part, each.title, digest, seq, place, at))
        return steps

    def _digest(self, detail: Detail) -> bytes:
        if detail.part is Part.MODEL and not detail.text:
            return b""
        essence = detail.text if detail.essence is None else detail.essence
        told = self._ids.without(essence).encode("utf-8", "surrogatepass")
        return blake2b(told, digest_size=16).digest()
