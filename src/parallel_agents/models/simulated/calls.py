"""Calls: which of its tools a simulated model calls, with made-up arguments, before it answers.

At most two of its turns in a conversation are calls. Arguments are the least that fits: what a tool
does not require means something, such as a model or a wait, that made-up words would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import orjson

from parallel_agents.core.message import Message, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.shapes import ShapeError, objects_at, text_at, to_object
from parallel_agents.models.simulated.answers import make_least, make_text

# How likely the first turn of calls is, and a second after it.
_SHARES = (0.6, 0.4)
_MOST_CALLS = 2
# Whoever may spawn asks first for whom: made-up names are nobody's.
_ASKS, _SPAWNS, _WHOM = "agents_list", "sessions_spawn", "agentId"


def make_calls(request: ModelRequest, rng: Random) -> tuple[ToolCall, ...]:
    """One or two calls of the request's tools; none where the model answers now."""
    turn = sum(bool(message.tool_calls) for message in request.messages)
    if not request.tools or turn >= len(_SHARES) or rng.random() >= _SHARES[turn]:
        return ()
    known = sorted(set(_agents_in(request.messages)))
    wanted = _SPAWNS if known else _ASKS
    drawn = rng.sample(request.tools, min(len(request.tools), rng.randint(1, _MOST_CALLS)))
    first = [spec for spec in request.tools if spec.name == wanted]
    specs = [*first, *(spec for spec in drawn if spec.name != wanted)][: len(drawn)]
    return tuple(call for spec in specs for call in _make_call(spec, known, rng))


def misshapen(calls: Sequence[ToolCall], rng: Random) -> tuple[ToolCall, ...]:
    """The same calls with arguments of another shape."""
    return tuple(ToolCall(call.id, call.name, {"unexpected": make_text(rng)}) for call in calls)


def _make_call(spec: ToolSpec, agents: Sequence[str], rng: Random) -> Iterator[ToolCall]:
    """A call, or none of a tool whose arguments cannot be made up."""
    try:
        arguments = make_least(spec.parameters, rng)
    except ValueError:
        return
    if isinstance(arguments, dict):
        whom: JsonObject = {_WHOM: rng.choice(agents)} if spec.name == _SPAWNS and agents else {}
        yield ToolCall(f"call_{rng.getrandbits(64):016x}", spec.name, {**arguments, **whom})


def _agents_in(messages: Sequence[Message]) -> Iterator[str]:
    """The agents that results have told of."""
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolResult) and part.name == _ASKS and not part.is_error:
                yield from _ids_in(part.content)


def _ids_in(content: str) -> Iterator[str]:
    """The ids in an answer of `agents_list`; a tool of the user's may have the same name."""
    try:
        told = to_object(orjson.loads(content), "the answer")
        for agent in objects_at(told, "agents"):
            yield text_at(agent, "id")
    except (orjson.JSONDecodeError, ShapeError):
        return
