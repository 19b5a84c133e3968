"""Ledger: what the judge saw with its own eyes: each request, and each effect of a tool."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.core.usage import Usage


@dataclass(slots=True)
class Request:
    """A request to the model.

    Attributes:
        life: the process that asked.
        is_answered: the model has sent the whole reply, and is paid.
        heard: the tokens of others' answers that it tells of.
        paid: the effects that it tells of.
    """

    number: int
    life: int
    token: str
    heard: frozenset[str]
    paid: frozenset[str]
    is_answered: bool = False
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Told:
    """A result of the team, as somebody who asked for it was told."""

    label: str
    is_done: bool
    output: str


@dataclass(frozen=True, slots=True)
class Effect:
    tool: str
    ref: str
    life: int


@dataclass(slots=True)
class Ledger:
    """What happened outside of the store.

    Attributes:
        troubled: the processes that did not come to a good end, so that calls in flight were lost.
        errors: what ended processes that should have gone on.
        team: the results that the last process was told.
    """

    requests: list[Request] = field(default_factory=list[Request])
    effects: list[Effect] = field(default_factory=list[Effect])
    troubled: set[int] = field(default_factory=set[int])
    errors: list[str] = field(default_factory=list[str])
    team: tuple[Told, ...] | None = None

    def ask(self, life: int, token: str, heard: frozenset[str], paid: frozenset[str]) -> Request:
        request = Request(len(self.requests) + 1, life, token, heard, paid)
        self.requests.append(request)
        return request
