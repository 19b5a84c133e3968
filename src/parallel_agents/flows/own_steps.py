"""Own steps: the method of a flow that calls a function of your own, with the type that the function has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.tool import Effect, EffectName
from parallel_agents.flows.call import Call
from parallel_agents.flows.function import instances
from parallel_agents.flows.steps import Steps

V = TypeVar("V")


@checked_methods
class OwnSteps:
    """The steps of a flow that are functions of whoever wrote it."""

    _steps: Steps

    @overload
    async def step(
        self,
        name: str,
        function: Callable[..., Awaitable[V]],
        /,
        *values: object,
        effect: EffectName = ...,
        **named: object,
    ) -> V: ...

    @overload
    async def step(
        self,
        name: str,
        function: Callable[..., V],
        /,
        *values: object,
        effect: EffectName = ...,
        **named: object,
    ) -> V: ...

    async def step(
        self,
        name: str,
        function: Callable[..., object],
        /,
        *values: object,
        effect: EffectName = Effect.ONCE,
        **named: object,
    ) -> object:
        """Call a function of your own, once, and store what it returns.

        Args:
            name: of the step.
            function: what is not async runs in a thread. What it returns must be JSON, or of the
                type that it is annotated with; you get what was stored.
            *values: its arguments.
            effect: what a second call does, after a crash in the middle of the first: one that is
                `pure` or `idempotent` is made again, one that is `once` is not.
            **named: its arguments by name.

        Raises:
            StepFailed: the function raised, or what it returned cannot be stored.
            StepUnknown: an earlier process ended in the middle of it, and it must not be called twice.
        """
        called = self._steps.names.take(name, "step")
        kind = instances(function)
        call = Call(UserFunction(function, name), kind, values, named, Effect(effect))
        return call.instance(await self._steps.work.step(called, call))
