"""Tool: a typed call in, a result out; it declares what a second call would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from parallel_agents.core.encoded import Encodable
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import JsonObject


class Effect(StrEnum):
    """What happens when a call is made twice, as after a crash in the middle of it."""

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class ToolSpec(Encodable):
    """What a model is told of a tool; `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: JsonObject
    effect: Effect = Effect.ONCE


class Caller(Protocol):
    """The run that makes a call, as far as a tool may move it."""

    def park(self) -> None:
        """Give the run's place to others: the call waits for them, and no limit of a call holds."""
        ...

    async def wait_message(self) -> None:
        """Return once somebody has given the run a word."""
        ...

    def hand_back(self, runs: Sequence[RunId]) -> None:
        """Note that the call's result tells how these runs ended."""
        ...


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls: the session and the run in which the call was made.

    Attributes:
        call: the call's id; made again after a crash it has the same.
        cwd: the folder that the session works in; empty is that of the process.
        caller: the run, where there is one that can wait.
    """

    session: SessionKey
    run: RunId
    call: str = ""
    cwd: str = ""
    caller: Caller | None = None


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
