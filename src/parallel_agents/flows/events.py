"""Events: a flow waits for what somebody appends to the state that its tree shares."""

from __future__ import annotations

from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import SharedState
from parallel_agents.errors import StepFailed

PREFIX = "events/"


async def nth_event(state: SharedState, event: str, number: int, seconds: float | None) -> Json:
    """The event of that number, from 1, of all that were appended under a name.

    Raises:
        StepFailed: there is none after that time.
    """
    key = f"{PREFIX}{event}"
    try:
        found = await state.wait_for(key, condition=f"len(value) >= {number}", timeout=seconds)
    except TimeoutError:
        raise StepFailed(
            f"no event {event} came within {seconds:g} s",
            hint=f"append one with `pagents state append FLOW {key} VALUE`",
        ) from None
    items = found.value
    return items[number - 1] if isinstance(items, list) else items
