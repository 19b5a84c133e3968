"""Sent: a request as it went to a model, made again from the journal by what sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parallel_agents.core.ids import RunId
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that a model answered.

    Secrets that this process knows are hidden in it, and files are named instead of shown.

    Attributes:
        turn: the number of the reply in its run, from 1.
        at: when it was answered, in seconds since the epoch.
        model: `provider/model` that answered.
        request: the instructions, messages, tools and schema.
        body: what the provider was sent; None if the model is not behind a wire of this package.
        unknown_tools: the agent's tools that this process does not know, which the request lacks.
    """

    run: RunId
    turn: int
    at: float
    model: str
    request: ModelRequest
    body: JsonObject | None
    unknown_tools: tuple[str, ...] = ()


class SentRequests(Protocol):
    """What sessions have sent to models."""

    async def of(self, name: str) -> Sequence[SentRequest]:
        """The requests of a session that were answered, oldest first.

        Raises:
            NotFound, Ambiguous: the name is not that of one session.
            InvalidInput: it is a team or a flow, which sends nothing itself.
        """
        ...
