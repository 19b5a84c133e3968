"""Since: a moment as people write it: a span of time before now, a day by its name, or a date or time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from parallel_agents.errors import InvalidInput

_DAYS = {"today": 0, "yesterday": 1}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def parse_span(text: str) -> float | None:
    """The seconds of a span of time, such as `30m`, `2h` or `7d`; None if it is none."""
    span = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    return None if span is None else float(span[1]) * _UNITS[span[2]]


def parse_since(text: str | None, now: float, name: str = "--since") -> float | None:
    """Seconds since the epoch: a span before `now`, the beginning of a day by its name, or a local time.

    Raises:
        InvalidInput: the text is neither, or the time is yet to come; the error calls it `name`.
    """
    if text is None:
        return None
    if (span := parse_span(text)) is not None:
        return now - span
    day = text
    if text in _DAYS:
        here = datetime.fromtimestamp(now, UTC).astimezone()
        day = (here.date() - timedelta(days=_DAYS[text])).isoformat()
    try:
        earliest = datetime.fromisoformat(day).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{name} cannot be {text!r}",
            why="it is neither a duration nor a day, a date or a time",
            hint="use 30m, 2h, 7d, today, yesterday, or a time such as 2026-03-01T09:30",
        ) from error
    if earliest > now:
        raise InvalidInput(
            f"{name} cannot be {text!r}",
            why="that time is yet to come",
            hint="use 30m, 2h, 7d, or a time that has passed",
        )
    return earliest
