"""Given numbers: what each numeric option takes, and what is wrong with a value, before a command is called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput
from parallel_agents.views.since import parse_span

_MOST = 10**15
_MOST_SECONDS = 2_592_000  # 30 days
_SIGNS = re.compile(r"[$€£\s]|(?i:usd|eur|dollars?|tokens?|seconds?|secs?)")
_COMMA = re.compile(r"(\d+),(\d{1,2}|\d{4,})")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_SUFFIXES = {"k": 1e3, "m": 1e6}


class _Takes(NamedTuple):
    """What an option takes.

    Attributes:
        unit: such as `seconds`; empty for a count.
        least: 0 with `is_above` for all that is more than 0.
        example: a value for the hint.
    """

    unit: str
    least: float
    most: float
    example: str
    is_above: bool = False

    def allows(self, number: float) -> bool:
        is_enough = number > self.least if self.is_above else number >= self.least
        return isfinite(number) and is_enough and number <= self.most

    def range(self, *, is_whole: bool) -> str:
        number = "a whole number" if is_whole else "a number"
        what = f"{number} of {self.unit}" if self.unit else number
        if self.is_above:
            return f"{what}, more than {self.least:,g} and at most {_shown(self.most)}"
        return f"{what} from {_shown(self.least)} to {_shown(self.most)}"


_USD = _Takes("US dollars", 1e-9, 9e9, "2.50")
_TOKENS = _Takes("tokens", 1, 1e12, "50000")
_WAIT = _Takes("seconds", 0, _MOST_SECONDS, "300", is_above=True)
# What the code behind an option takes, where the option itself has no bounds.
_BOUNDS: Mapping[str, _Takes] = {
    "--budget": _USD,
    "--budget-tokens": _TOKENS,
    "--timeout": _WAIT,
    "--cache": _Takes("seconds", 0, 1e10, "3600"),
    "--linger": _Takes("seconds", 0, _MOST_SECONDS, "60"),
    "--grace": _Takes("seconds", 0, _MOST_SECONDS, "60"),
    "--max-parallel": _Takes("", 1, 100_000, "8"),
    "--refine": _Takes("versions", 2, 100, "3"),
    "--max-steps": _Takes("", 1, 30, "8"),
    "--replans": _Takes("", 0, 5, "1"),
}


def check_numbers(options: Sequence[Any], values: Mapping[str, object]) -> None:
    """Refuse a value that its option cannot take.

    Args:
        options: Click's, as they were given.
        values: the texts that were given for them, by name.

    Raises:
        InvalidInput: the error says what the option takes.
    """
    for option in options:
        text = values.get(option.name)
        kind = getattr(getattr(option, "type_descriptor", None), "annotation", None)
        if isinstance(text, str) and kind in (int, float):
            _check(option, text, is_whole=kind is int)


def _check(option: Any, text: str, *, is_whole: bool) -> None:  # noqa: ANN401 - Click's, which Typer does not export
    takes = _takes_of(option)
    number = _number(text, is_whole=is_whole)
    if number is not None and takes.allows(number):
        return
    flag = option.opts[0]
    meant = _meant(text, takes, is_whole=is_whole)
    raise InvalidInput(
        f"{flag} is {_quoted(head(text, 40))}",
        why=f"it takes {takes.range(is_whole=is_whole)}",
        hint=f"write {flag} {meant}"
        if meant
        else f"write a number, such as {flag} {takes.example}",
    )


def _takes_of(option: Any) -> _Takes:  # noqa: ANN401 - Click's, which Typer does not export
    info = option.type_descriptor.parameter_info
    known = next((_BOUNDS[flag] for flag in option.opts if flag in _BOUNDS), None)
    if info.min is None and info.max is None and known is not None:
        return known
    unit = "seconds" if option.metavar == "SECONDS" else ""
    least = 0 if info.min is None else info.min
    most = _MOST if info.max is None else info.max
    return _Takes(unit, least, most, _shown(min(max(least, 10), most)))


def _number(text: str, *, is_whole: bool) -> float | None:
    with suppress(ValueError):
        return int(text) if is_whole else float(text)
    return None


def _meant(text: str, takes: _Takes, *, is_whole: bool) -> str:
    """What the text most likely means, as it would be taken; empty if that is not plain."""
    span = parse_span(text) if takes.unit == "seconds" else None
    plain = _SIGNS.sub("", text)
    plain = plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else _COMMA.sub(r"\1.\2", plain)
    number = span if span is not None else _number(plain, is_whole=False)
    if number is None and takes.unit == "tokens" and plain[-1:].lower() in _SUFFIXES:
        count = _number(plain[:-1], is_whole=False)
        number = None if count is None else count * _SUFFIXES[plain[-1:].lower()]
    if number is None or not takes.allows(number) or (is_whole and number != int(number)):
        return ""
    return f"{number:.12g}" if not is_whole else str(int(number))


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isprintable() and " " not in text else repr(text)


def _shown(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:.9f}".rstrip("0")
