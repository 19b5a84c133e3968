"""Finishing: what becomes of the parts of a reply once all of it is there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import orjson

from parallel_agents.core.message import Part, Text, Thinking, ToolCall
from parallel_agents.core.schema import Json
from parallel_agents.core.unicode import whole_text
from parallel_agents.models.shapes import dump
from parallel_agents.models.wires.structured import ANSWER, FINAL_ANSWER

_MOST_ID_CHARACTERS = 256


def without_wrap(part: Part) -> Part:
    """The answer out of the object that it was wrapped in, if it is in one."""
    if not isinstance(part, Text):
        return part
    try:
        value: Json = orjson.loads(part.text)
    except orjson.JSONDecodeError:
        return part
    if not isinstance(value, dict) or list(value) != [ANSWER]:
        return part
    return Text(dump(value[ANSWER]).decode())


def with_own_id(part: Part, taken: set[str]) -> Part:
    """A call under an id of its own if its id is missing, too long, or taken."""
    if not isinstance(part, ToolCall):
        return part
    call_id = whole_text(part.id)
    if not call_id or call_id in taken or len(call_id) > _MOST_ID_CHARACTERS:
        call_id = f"call_{uuid.uuid4().hex[:12]}"
    taken.add(call_id)
    if call_id == part.id:
        return part
    return ToolCall(call_id, part.name, part.arguments, part.signature, part.unread)


def start_of(text: str) -> str:
    shown = whole_text(text)
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def unwrapped(parts: Sequence[Part]) -> list[Part]:
    """The parts with the answering call as their text, which replaces any other text."""
    answers = [p for p in parts if isinstance(p, ToolCall) and p.name == FINAL_ANSWER]
    if not answers:
        return list(parts)
    others = [p for p in parts if isinstance(p, ToolCall) and p.name != FINAL_ANSWER]
    if others:
        # An answer beside other calls was written before their results: it is not final.
        return [p for p in parts if p not in answers]
    thinking = [part for part in parts if isinstance(part, Thinking)]
    return [*thinking, Text(dump(answers[0].arguments).decode())]
