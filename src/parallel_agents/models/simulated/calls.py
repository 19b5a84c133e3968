"""Calls: which tools a simulated model calls before it answers, with made-up arguments.

At most two turns of a conversation are calls. Only required arguments are made up: an optional one
has a meaning, such as a model or a timeout, that random text would violate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import orjson

from parallel_agents.core.message import Message, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.shapes import ShapeError, objects_at, text_at, to_object
from parallel_agents.models.simulated.answers import make_least, make_text

# The probability of a first turn of calls, and of a second one after it.
_SHARES = (0.6, 0.4)
_MOST_CALLS = 2
# An agent that may spawn lists the agents first, since a made-up name would be unknown.
_LIST_TOOL, _SPAWN_TOOL, _AGENT_ARGUMENT = "agents_list", "sessions_spawn", "agentId"


def make_calls(request: ModelRequest, rng: Random) -> tuple[ToolCall, ...]:
    """One or two calls of the request's tools; empty if the model answers now."""
    turn = sum(bool(message.tool_calls) for message in request.messages)
    if not request.tools or turn >= len(_SHARES) or rng.random() >= _SHARES[turn]:
        return ()
    known = sorted(set(_agents_in(request.messages)))
    preferred = _SPAWN_TOOL if known else _LIST_TOOL
    drawn = rng.sample(request.tools, min(len(request.tools), rng.randint(1, _MOST_CALLS)))
    first = [spec for spec in request.tools if spec.name == preferred]
    specs = [*first, *(spec for spec in drawn if spec.name != preferred)][: len(drawn)]
    return tuple(call for spec in specs for call in _make_call(spec, known, rng))


def misshapen(calls: Sequence[ToolCall], rng: Random) -> tuple[ToolCall, ...]:
    """Replace the arguments of calls with ones that do not match their schemas."""
    return tuple(ToolCall(call.id, call.name, {"unexpected": make_text(rng)}) for call in calls)


def _make_call(spec: ToolSpec, agents: Sequence[str], rng: Random) -> Iterator[ToolCall]:
    """Yield one call, or nothing for a tool whose arguments cannot be made up."""
    try:
        arguments = make_least(spec.parameters, rng)
    except ValueError:
        return
    if isinstance(arguments, dict):
        if spec.name == _SPAWN_TOOL and agents:
            arguments = {**arguments, _AGENT_ARGUMENT: rng.choice(agents)}
        yield ToolCall(f"call_{rng.getrandbits(64):016x}", spec.name, arguments)


def _agents_in(messages: Sequence[Message]) -> Iterator[str]:
    """The agents that results have listed."""
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolResult) and part.name == _LIST_TOOL and not part.is_error:
                yield from _ids_in(part.content)


def _ids_in(content: str) -> Iterator[str]:
    """The ids in a result of `agents_list`; a tool of the user may have the same name."""
    try:
        listed = to_object(orjson.loads(content), "the answer")
        for agent in objects_at(listed, "agents"):
            yield text_at(agent, "id")
    except (orjson.JSONDecodeError, ShapeError):
        return
