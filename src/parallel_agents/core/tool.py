"""Tool: a typed call in, a result out; it declares what a second call would do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import JsonObject


class Effect(StrEnum):
    """What happens when a call is made twice, as after a crash in the middle of it."""

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a model is told of a tool; `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: JsonObject
    effect: Effect = Effect.ONCE


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls: the session and the run in which the call was made."""

    session: SessionKey
    run: RunId


@runtime_checkable
class Tool(Protocol):
    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        """Do it, and answer in words or JSON.

        Raises:
            Exception: whatever the tool raises is told to the model as an error result.
        """
        ...
