"""Shown: a value in a message; its own `repr` is code of others, and may be huge or fail."""

from __future__ import annotations

from reprlib import Repr

_USUAL_CHARACTERS = 60


def shown(value: object, most_characters: int = _USUAL_CHARACTERS) -> str:
    """A value as Python shows it, bounded; also one that cannot be shown."""
    short = Repr()
    short.maxlevel = 4
    short.maxstring = short.maxother = short.maxlong = most_characters
    short.maxlist = short.maxdict = short.maxtuple = short.maxset = short.maxfrozenset = 50
    try:
        text = short.repr(value)
    except Exception as error:  # noqa: BLE001 - the value's own methods may raise anything
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return text if len(text) <= most_characters else f"{text[: most_characters - 1]}…"
