"""Texts: what of each event people read, in parts that are small enough to be indexed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.cutting import before_cut
from parallel_agents.core.event import (
    Body,
    Event,
    Finished,
    Queued,
    Replied,
    Revised,
    Steered,
    ToolFinished,
)
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.json_value import Json
from parallel_agents.core.transcript_search import TextRole

KINDS = (
    "queued",
    "replied",
    "tool_finished",
    "steered",
    "revised",
    "asked",
    "answered",
    "step_finished",
    "finished",
)
# A phrase that is longer than the overlap may be missed where a text is divided.
PART_CHARACTERS, OVERLAP_CHARACTERS = 20_000, 1_000
_MOST_DEPTH = 20


class Said(NamedTuple):
    """A text of an event, or a part of a long one."""

    session: SessionKey
    run: RunId
    seq: int
    at: float
    role: TextRole
    text: str


def said_in(events: Sequence[Event]) -> Iterator[Said]:
    """What is said in events, in order, without the secrets that are known."""
    for event in events:
        for role, text in _texts(event.body):
            for part in _parts(before_cut(text)):
                yield Said(event.session, event.run, event.seq, event.at, role, part)


def _parts(text: str) -> Iterator[str]:
    step = PART_CHARACTERS - OVERLAP_CHARACTERS
    if text.strip():
        for start in range(0, max(len(text) - OVERLAP_CHARACTERS, 1), step):
            yield text[start : start + PART_CHARACTERS]


def _texts(body: Body) -> Iterator[tuple[TextRole, str]]:  # noqa: C901, PLR0912 - a case for each kind
    match body:
        case Queued(text=text, input=values):
            yield TextRole.TASK, "\n".join([text, *_leaves(values)])
        case Replied(message=message):
            yield TextRole.MODEL, _readable(message.text)
            for call in message.tool_calls:
                yield TextRole.CALL, "\n".join([call.name, *_leaves(call.arguments)])
        case ToolFinished(result=result):
            yield TextRole.TOOL, _readable(result.content)
        case Steered(text=text):
            yield TextRole.MESSAGE, text
        case Revised(text=text):
            yield TextRole.MODEL, _readable(text)
        case Asked(question=question):
            yield TextRole.QUESTION, "\n".join([question.tool, question.text]).strip()
        case Answered(answer=answer):
            yield TextRole.PERSON, answer.text
        case StepFinished(output=output, error=error):
            yield TextRole.STEP, "\n".join(_leaves(output))
            if error is not None:
                yield TextRole.ERROR, f"{error.code} {error.message}"
        case Finished(outcome=outcome):
            yield TextRole.ANSWER, _readable(outcome.text)
            if outcome.error is not None:
                yield TextRole.ERROR, f"{outcome.error.code} {outcome.error.message}"
        case _:
            pass


def _readable(text: str) -> str:
    """A text; of JSON, the texts in it, whose line feeds would otherwise be part of words."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return "\n".join(_leaves(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return text


def _leaves(value: Json, name: str = "", depth: int = 0) -> Iterator[str]:
    """The values in a JSON value, each in a line with its name."""
    if depth > _MOST_DEPTH:
        yield orjson.dumps(value).decode()
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, key, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, name, depth + 1)
    elif value is not None:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        yield f"{name}: {text}" if name else text
