"""Store given: ages and sizes as people type them after `pagents store prune`."""

from __future__ import annotations

import re

from parallel_agents.errors import InvalidInput
from parallel_agents.views.since import parse_span

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_age(text: str | None) -> float | None:
    """The seconds of an age.

    Raises:
        InvalidInput: it is not a span of time.
    """
    if text is None:
        return None
    span = parse_span(text)
    if span is None:
        raise InvalidInput(
            f"--older-than cannot be {text!r}",
            why="it is not a span of time",
            hint="use 12h, 30d or 8w",
        )
    return span


def parse_size(text: str | None) -> int | None:
    """The bytes of a size, in steps of 1,000 as sizes are shown.

    Raises:
        InvalidInput: it is no size.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s?([kmgt]?)b?", text.strip().lower())
    if found is None:
        raise InvalidInput(
            f"--larger-than cannot be {text!r}",
            why="it is not a size",
            hint="use 500MB, 5GB or a number of bytes",
        )
    return int(float(found[1]) * _UNITS[found[2]])
