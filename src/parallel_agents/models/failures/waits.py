"""Waits: how long a server asks its callers to wait, in any of the forms in which servers say it.

Forms: RFC 9110, section 10.2.3 (`Retry-After`); `retry-after-ms` and `x-ratelimit-reset-*` of
https://platform.openai.com/docs/guides/rate-limits; `anthropic-ratelimit-*-reset` of
https://docs.anthropic.com/en/api/rate-limits; `X-RateLimit-Reset`, even inside the body, of
https://openrouter.ai/docs/api/reference/limits; `RetryInfo.retryDelay` of
https://cloud.google.com/apis/design/errors; `estimated_time` of Hugging Face's router; and
sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from parallel_agents.core.schema import Json
from parallel_agents.models.failures.fields import SENTENCES, fields_of

_MOST_SECONDS: Final = 31 * 86_400.0  # more is not a wait, but a number of another kind
_EPOCH_SECONDS: Final = 1e9  # more is a time: seconds since 1970, as no wait is that long
_EPOCH_MILLISECONDS: Final = 1e11
_UNITS: Final = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_STEP: Final = re.compile(
    r"(\d{1,12}(?:\.\d{1,12})?)\s*"
    r"(milliseconds?|ms|[nuµ]s|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-zµ])",
    re.I,
)
_BETWEEN: Final = re.compile(r"[\s,]*(?:and\s+)?")
_ASKED: Final = re.compile(
    r"\b(?:try(?:ing)? again|retry(?:ing)?|(?<!that )(?<!which )wait|available (?:again )?(?:in|at|after)"
    r"|resets?)\b(?:(?!up to|longer than)[^.;\d]){0,40}(?=\d)(?!\d+ \w+ ago)",
    re.I,
)
_OF_BODY: Final = {
    "retrydelay": 1.0,
    "retry_delay": 1.0,
    "retry_after": 1.0,
    "retryafter": 1.0,
    "retry_after_seconds": 1.0,
    "retry_after_ms": 1e-3,
    "retryafterms": 1e-3,
    "estimated_time": 1.0,
    "resets_in_seconds": 1.0,
}


class _Reset(NamedTuple):
    """When a limit is lifted, and whether it is used up; None if the server does not say."""

    seconds: float
    is_used_up: bool | None


def read_wait(headers: Mapping[str, str], value: Json, *, status: int, now: float) -> float | None:
    """The longest wait in seconds that a response asks for; None if it asks for none.

    Args:
        headers: of the response.
        value: its body, as `parse_body` returns it.
        status: its status. A refusal for the rate counts limits that may be used up.
        now: seconds since the epoch, for waits that are given as a time.
    """
    lowered = {name.lower(): text for name, text in headers.items()}
    inner = {name: str(found) for name, found in fields_of(value) if "ratelimit" in name}
    resets = [*_resets({**inner, **lowered}, now)]
    is_refused = status in (429, 503)
    asked = [
        _retry_after(lowered, now),
        *_waits_of_body(value, now),
        *(reset.seconds for reset in resets if reset.is_used_up),
        *(reset.seconds for reset in resets if is_refused and reset.is_used_up is None),
    ]
    known = [seconds for seconds in asked if seconds is not None]
    if known:
        return max(known)
    # A call for more tokens than remain is refused although some do; the first reset is a guess.
    return min((reset.seconds for reset in resets if is_refused), default=None)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000)
    return _moment(headers.get("retry-after", ""), now)


def _waits_of_body(value: Json, now: float) -> Iterator[float | None]:
    for name, found in fields_of(value):
        if found is None or isinstance(found, bool):
            continue
        factor = _OF_BODY.get(name)
        if factor is not None:
            number = _number(str(found))
            yield _moment(str(found), now) if number is None else _bounded(number * factor)
        elif name in SENTENCES and isinstance(found, str):
            yield from (_duration(found, asked.end()) for asked in _ASKED.finditer(found, 0, 2000))


def _resets(headers: Mapping[str, str], now: float) -> Iterator[_Reset]:
    for name, text in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        seconds = _moment(text, now)
        if seconds is None:
            continue
        remaining = _number(headers.get(name.replace("reset", "remaining"), ""))
        yield _Reset(seconds, None if remaining is None else remaining <= 0)


def _moment(text: str, now: float) -> float | None:
    """Seconds until what a text gives as a number, a duration, a date or a time since the epoch."""
    text = text.strip()
    number = _number(text)
    if number is not None:
        if number >= _EPOCH_MILLISECONDS:
            return _bounded(number / 1000 - now)
        return _bounded(number - now if number >= _EPOCH_SECONDS else number)
    seconds = _duration(text)
    if seconds is not None:
        return seconds
    date = _date(text)
    return None if date is None else _bounded(date.timestamp() - now)


def _date(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if date.tzinfo is not None:
            return date
    return None


def _duration(text: str, start: int = 0) -> float | None:
    """Seconds of the duration at `start`, such as `1m30s` or `20 seconds`; None if there is none."""
    total, at = 0.0, start
    while step := _STEP.match(text, at):
        total += float(step[1]) * _seconds_of(step[2].lower())
        between = _BETWEEN.match(text, step.end())
        at = step.end() if between is None else between.end()
    return None if at == start else _bounded(total)


def _seconds_of(unit: str) -> float:
    return 1e-3 if unit.startswith(("ms", "mil")) else _UNITS[unit[0]]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bounded(seconds: float) -> float | None:
    """The wait, never negative; None if it is too long to be one."""
    return None if seconds > _MOST_SECONDS else max(0.0, seconds)
