"""Cutting: the gate through which texts from outside are cut, so that no cut leaves a part of a secret.

What hides secrets lies above this layer, and is set by the process once it knows one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final


class _Gate:
    """What each text passes before it is cut."""

    __slots__ = ("hide",)

    def __init__(self) -> None:
        self.hide: Callable[[str], str] = str


_GATE: Final = _Gate()


def hide_before_cuts(hide: Callable[[str], str]) -> None:
    """Let each text pass this from now on before it is cut."""
    _GATE.hide = hide


def before_cut(text: str) -> str:
    """A text of which the caller shows a part, without the secrets that are known."""
    return _GATE.hide(text)


def head(text: str, characters: int) -> str:
    """The beginning of a text, or all of it if it is no longer; what is cut has no part of a secret."""
    return text if len(text) <= characters else _GATE.hide(text)[:characters]


def tail(text: str, characters: int) -> str:
    """The end of a text, or all of it if it is no longer; what is cut has no part of a secret."""
    if len(text) <= characters:
        return text
    hidden = _GATE.hide(text)
    return hidden[max(len(hidden) - characters, 0) :]
