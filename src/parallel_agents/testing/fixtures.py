"""Fixtures: the types of those that the pytest plugin makes, for the annotations of tests."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from parallel_agents.testing.behaviour import Behaviour
from parallel_agents.testing.provider import LoopbackProvider
from parallel_agents.testing.scripted import Script, ScriptedModel

_T = TypeVar("_T")


class MakeScripted(Protocol):
    """Makes a model whose script must be used up by the end of the test."""

    def __call__(
        self, replies: Script, name: str = ..., *, latency_seconds: float = ...
    ) -> ScriptedModel: ...


class RunVirtual(Protocol):
    """Runs a coroutine on a clock that jumps ahead while all tasks wait."""

    def __call__(self, work: Coroutine[Any, Any, _T], *, limit_seconds: float = ...) -> _T: ...


class StartProvider(Protocol):
    """Starts a model server on loopback that serves until the end of the test."""

    def __call__(self, behaviour: Behaviour | None = ...) -> LoopbackProvider: ...
