"""State: tools for the values that the sessions of a tree share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from pydantic import Field

from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import (
    MOST_KEY_CHARACTERS,
    SharedState,
    StateEntry,
    StateWritten,
    value_of,
)
from parallel_agents.core.tool import Effect, ToolContext, ToolError
from parallel_agents.errors import InvalidInput
from parallel_agents.tools.function import tool

_T = TypeVar("_T")
_WAIT_SECONDS = 60.0
_CHANGED = "somebody changed it before you: begin again with this value and version"
_MOST_WAIT_SECONDS = 3600.0

KeyArgument = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_KEY_CHARACTERS,
        description="Such as plan or results/monday.",
    ),
]
# Servers differ in what they take for "any JSON": a list is passed as its text by all of them.
ValueArgument = Annotated[
    Any,
    Field(
        description="Any JSON, also as text; a text that is not JSON is kept as it is.",
        json_schema_extra={"type": ["string", "number", "boolean", "object", "null"]},
    ),
]


@tool(effect=Effect.PURE)
async def state_get(key: KeyArgument, context: ToolContext) -> dict[str, Json]:
    """Read a value that the agents of this work share, with its version."""
    return _shown(key, await _checked(_of(context).get(key)))


@tool(effect=Effect.PURE)
async def state_list(
    context: ToolContext,
    prefix: Annotated[str, Field(description="Only keys that begin with this.")] = "",
) -> dict[str, Json]:
    """List the keys of the values that the agents of this work share, with their versions."""
    entries = await _of(context).entries(prefix)
    return {"keys": {entry.key: entry.version for entry in entries}}


@tool(effect=Effect.IDEMPOTENT)
async def state_set(
    key: KeyArgument, value: ValueArgument, context: ToolContext
) -> dict[str, Json]:
    """Set a value that the agents of this work share, whatever it was. If others may change it too, use state_compare_and_set."""
    return _told(key, await _checked(_of(context).set(key, _parsed(value))))


@tool(effect=Effect.IDEMPOTENT)
async def state_compare_and_set(
    key: KeyArgument,
    value: ValueArgument,
    version: Annotated[int, Field(ge=0, description="As you read it; 0 if there was no value.")],
    context: ToolContext,
) -> dict[str, Json]:
    """Set a shared value only if nobody has changed it since you read it; else it answers what it is now."""
    setting = _of(context).compare_and_set(key, _parsed(value), version=version)
    return _told(key, await _checked(setting))


@tool(effect=Effect.IDEMPOTENT)
async def state_append(
    key: KeyArgument, item: ValueArgument, context: ToolContext
) -> dict[str, Json]:
    """Add an item to a shared list, which is made if necessary; no other agent's item is lost."""
    return _told(key, await _checked(_of(context).append(key, _parsed(item))))


@tool(effect=Effect.IDEMPOTENT)
async def state_delete(
    key: KeyArgument,
    context: ToolContext,
    version: Annotated[
        int, Field(ge=0, description="Only if it is this one, as you read it; 0 for any.")
    ] = 0,
) -> dict[str, Json]:
    """Remove a value that the agents of this work share. If others may change it too, give its version."""
    deleted = await _checked(_of(context).delete(key, version=version or None))
    if deleted.is_written:
        return {"key": key, "deleted": True, "version": deleted.version}
    note = _CHANGED if deleted.version else "it has no value"
    return {**_shown(key, deleted.entry), "deleted": False, "note": note}


@tool(effect=Effect.PURE)
async def state_wait_for(
    key: KeyArgument,
    context: ToolContext,
    after: Annotated[int, Field(ge=0, description="The version that you know.")] = 0,
    condition: Annotated[
        str, Field(max_length=1000, description="Such as: value >= 3 or len(value) == 10.")
    ] = "",
    timeout_seconds: Annotated[float, Field(gt=0, le=_MOST_WAIT_SECONDS)] = _WAIT_SECONDS,
) -> dict[str, Json]:
    """Wait until another agent has set a shared value. Do not let two agents wait for each other."""
    state = _of(context)
    if context.caller is not None:
        # Nobody has promised the value: the run's own time keeps running, and its slot is for others.
        context.caller.rest()
    waiting = state.wait_for(key, after=after, condition=condition or None, timeout=timeout_seconds)
    met = asyncio.ensure_future(_checked(waiting))
    message = asyncio.ensure_future(_message(context))
    try:
        await asyncio.wait((met, message), return_when=asyncio.FIRST_COMPLETED)
        if met.done():
            return {**_shown(key, met.result()), "met": True}
        note = "a message for you arrived; it comes next"
    except TimeoutError:
        note = f"not in {timeout_seconds:g} s; go on without it, or ask who should set it"
    finally:
        for task in (met, message):
            task.cancel()
        await asyncio.wait((met, message))
    return {**_shown(key, await state.get(key)), "met": False, "note": note}


async def _message(context: ToolContext) -> None:
    if context.caller is None:
        await asyncio.get_running_loop().create_future()
    else:
        await context.caller.wait_message()


def _of(context: ToolContext) -> SharedState:
    if context.state is None:
        raise ToolError("nothing is shared here")
    return context.state


async def _checked(write: Awaitable[_T]) -> _T:
    try:
        return await write
    except InvalidInput as error:
        raise ToolError(error.in_a_sentence) from error


def _parsed(given: Json) -> Json:
    try:
        return value_of(given)
    except InvalidInput as error:
        raise ToolError(error.in_a_sentence) from error


def _shown(key: str, entry: StateEntry | None) -> dict[str, Json]:
    if entry is None:
        return {"key": key, "value": None, "version": 0}
    return {"key": key, "value": entry.value, "version": entry.version, "by": entry.by}


def _told(key: str, written: StateWritten) -> dict[str, Json]:
    if written.is_written:
        return {"key": key, "written": True, "version": written.version}
    return {**_shown(key, written.entry), "written": False, "note": _CHANGED}
