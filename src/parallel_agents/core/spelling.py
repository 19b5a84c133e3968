"""Spelling: suggests what was meant by an unknown name, and writes how many there are of a thing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from parallel_agents.core.shown import shown

_MOST_SHOWN = 8


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; empty if none is."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), "")


def counted(number: int, noun: str) -> str:
    """A number of things, such as `1 task` and `1,000 tasks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def meant(name: str, known: Iterable[str], all_names: str, *, otherwise: str | None = None) -> str:
    """`did you mean 'x'?` with the closest known name; without one `otherwise`, or else `all_names`."""
    if near := closest(name, known):
        return f"did you mean {near!r}? {all_names}".rstrip()
    return all_names if otherwise is None else otherwise


def did_you_mean(name: str, known: Iterable[str], all_names: str = "") -> str:
    """`did you mean 'x'?` with the closest known name, or else the known names; without any, to leave it out.

    Args:
        name: the unknown name.
        known: what it may be.
        all_names: where all known names are, such as "`pagents agents list` shows all"; it ends the
            hint, and stands for the names if they are too many to be read in a line.
    """
    names = sorted(known)
    if near := meant(name, names, all_names, otherwise=""):
        return near
    if all_names and len(names) > _MOST_SHOWN:
        return all_names
    if not names:
        return all_names or f"leave {shown(name)} out"
    return f"use one of: {', '.join(names)}. {all_names}".rstrip()
