"""Values: what code of others returned, as text; also of what JSON cannot represent."""

from __future__ import annotations

from reprlib import Repr

from pydantic_core import to_json

from parallel_agents.containment.calls import describe

_SHOWN_CHARACTERS = 2000


def text_of(value: object) -> str:
    """A string as it is, anything else as JSON.

    A value that is not JSON is shown as Python shows it: its function has done its work, and to tell
    of it as a failure would have it done again.
    """
    if isinstance(value, str):
        return value
    try:
        return to_json(value).decode()
    except Exception:  # noqa: BLE001 - the value's own methods may raise anything
        return f"(not JSON) {shown(value)}"


def shown(value: object, most_characters: int = _SHOWN_CHARACTERS) -> str:
    """A value as Python shows it, bounded; also one that cannot be shown."""
    short = Repr()
    short.maxlevel = 4
    short.maxstring = short.maxother = short.maxlong = most_characters
    short.maxlist = short.maxdict = short.maxtuple = short.maxset = short.maxfrozenset = 50
    try:
        text = short.repr(value)
    except Exception as error:  # noqa: BLE001 - the value's own methods may raise anything
        return f"<{type(value).__name__} that cannot be shown: {describe(error)}>"
    if len(text) > most_characters:
        text = f"{text[:most_characters]}..."
    return text
