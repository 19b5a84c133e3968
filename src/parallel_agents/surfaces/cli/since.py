"""Since: the option `--since`, a span of time or a moment."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import typer

from parallel_agents.errors import InvalidInput

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}

Since = Annotated[
    str | None,
    typer.Option("--since", help="30m, 2h, 7d, or an ISO date or time.", metavar="TIME"),
]


def parse_since(text: str | None, now: float) -> float | None:
    """Seconds since the epoch: a span before `now`, or a local time.

    Raises:
        InvalidInput: the text is neither, or the time is yet to come.
    """
    if text is None:
        return None
    if span := re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text):
        return now - float(span[1]) * _UNITS[span[2]]
    try:
        earliest = datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"--since cannot be {text!r}",
            why="it is neither a duration nor a date or time",
            hint="use 30m, 2h, 7d, or a time such as 2026-03-01T09:30",
        ) from error
    if earliest > now:
        raise InvalidInput(
            f"--since cannot be {text!r}",
            why="that time is yet to come",
            hint="use 30m, 2h, 7d, or a time that has passed",
        )
    return earliest
