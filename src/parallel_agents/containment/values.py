"""Values: what other people's code returned, as text, even if JSON cannot represent it."""

from __future__ import annotations

from pydantic_core import to_json

from parallel_agents.core.shown import shown

_SHOWN_CHARACTERS = 2000


def text_of(value: object) -> str:
    """A string as it is, anything else as JSON.

    A value that is not JSON is shown as Python shows it: its function has done its work, and if that
    were reported as a failure, the model would have it done again.
    """
    if isinstance(value, str):
        return value
    try:
        return to_json(value).decode()
    except Exception:  # noqa: BLE001 - the value's own methods may raise anything
        return f"(not JSON) {shown(value, _SHOWN_CHARACTERS)}"
