"""Stored step: a function of the runtime as a step, whose result stays as it is even if its own steps change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Effect
from parallel_agents.flows.call import Call
from parallel_agents.flows.steps import Steps


async def stored_step(steps: Steps, name: str, function: Callable[[], Awaitable[Json]]) -> Json:
    """What a function returns that asks for steps itself; once it is stored, nothing of it is asked again.

    Raises:
        StepFailed: the function raised.
    """
    call = Call(UserFunction(function, name), None, (), {}, Effect.IDEMPOTENT, is_wait=True)
    return await steps.work.step(name, call)
