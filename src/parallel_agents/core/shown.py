"""Shown: a value in a message; its own `repr` is code of others, and may be huge or fail."""

from __future__ import annotations

from reprlib import Repr

from typing_extensions import override

from parallel_agents.core.cutting import before_cut, head

_USUAL_CHARACTERS = 60


class _Short(Repr):
    """Texts lose their secrets before their middle is left out."""

    @override
    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(before_cut(x), level)

    @override
    def repr_instance(self, x: object, level: int) -> str:
        try:
            text = before_cut(repr(x))
        except Exception:  # noqa: BLE001 - the value's own method; it is named instead
            return super().repr_instance(x, level)
        start = (self.maxother - 3) // 2
        end = self.maxother - 3 - start
        return text if len(text) <= self.maxother else f"{text[:start]}...{text[len(text) - end :]}"


def shown(value: object, most_characters: int = _USUAL_CHARACTERS) -> str:
    """A value as Python shows it, bounded; also one that cannot be shown."""
    short = _Short()
    short.maxlevel = 4
    short.maxstring = short.maxother = short.maxlong = most_characters
    short.maxlist = short.maxdict = short.maxtuple = short.maxset = short.maxfrozenset = 50
    try:
        text = short.repr(value)
    except Exception as error:  # noqa: BLE001 - the value's own methods may raise anything
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return text if len(text) <= most_characters else f"{head(text, most_characters - 1)}…"
