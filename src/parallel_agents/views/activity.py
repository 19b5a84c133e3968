"""Activity: what a live run is doing now, in a few words, from the last events that it wrote."""

from __future__ import annotations

from parallel_agents.core.event import (
    Body,
    HandedBack,
    Noticed,
    Refused,
    Replied,
    Started,
    Steered,
    ToolStarted,
)
from parallel_agents.core.inspection import Retry
from parallel_agents.views.events import again, describe


def doing_after(body: Body) -> str:
    """What a run does after an event, such as `asks the model`; empty once the run has ended."""
    return describe(body).doing


def doing_while(retry: Retry, now: float) -> str:
    """What a run does that makes a call again: why, and what is left of the wait."""
    return f"{retry.error.message}; {again(retry.attempt, retry.again_at - now)}"


def doing_on(last: Body, body: Body) -> str:
    """What a run is doing after `body`, if `last` was the event before it.

    A message or a notice does not change what it is doing.

    A run that is taken up again continues with what it had: a stored reply is not asked for again.
    """
    if isinstance(body, Steered | Noticed):
        return doing_after(last)
    is_kept = isinstance(last, Replied | ToolStarted | Refused | HandedBack)
    return doing_after(last if is_kept and isinstance(body, Started) else body)
