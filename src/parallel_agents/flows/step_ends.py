"""Step ends: what the call of a function as a step came to, as it is stored and given again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from parallel_agents.containment.calls import describe
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.runner import RunSlot
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Effect
from parallel_agents.errors import StepFailed, StepPartlyDone, StepUnknown
from parallel_agents.flows.call import Call, Unstored


def is_unknown(finished: StepFinished) -> bool:
    """Whether nobody knows if a step took effect."""
    return finished.error is not None and finished.error.code == StepUnknown.code


@contextmanager
def in_flight(slot: RunSlot) -> Generator[None]:
    """A call that a stop of the process lets end."""
    slot.begin_call()
    try:
        yield
    finally:
        slot.end_call()


def raised_by(name: str, error: Exception, call: Call) -> StepFailed | StepUnknown:
    """What is stored of a call that raised."""
    if isinstance(error, StepFailed):
        return error
    if isinstance(error, Unstored):
        message = f"the step {name} was called, and what it returned cannot be stored"
        if call.effect is not Effect.ONCE:
            return StepFailed(
                message, why=str(error), hint="have its function return values for JSON"
            )
        return StepUnknown(
            message,
            why=str(error),
            hint="have its function return values for JSON, and run the flow under another key; or "
            "pass effect='idempotent' if it may be called again",
        )
    place = call.function.place_of(error)
    return StepFailed(
        f"the step {name} failed", why=describe(error) + (f"; {place}" if place else "")
    )


def output_of(finished: StepFinished) -> Json:
    """What a step returned; raises what is stored of its error."""
    if (error := finished.error) is not None:
        if error.code == StepUnknown.code:
            raise StepUnknown(error.message, why=error.why, hint=error.hint)
        kind = StepPartlyDone if error.code == StepPartlyDone.code else StepFailed
        raise kind(error.message, why=error.why, hint=error.hint, account=error.account)
    return finished.output
