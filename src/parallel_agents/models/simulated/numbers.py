"""Numbers: random ones within the bounds of a JSON Schema."""

from __future__ import annotations

from math import ceil, floor
from random import Random

from parallel_agents.core.schema import JsonObject

_SPAN = 10


def make_number(schema: JsonObject, rng: Random, *, is_whole: bool) -> int | float:
    """A number that the bounds of `schema` allow; at most 10 away from the only one, if there is one."""
    step = _real(schema, "multipleOf")
    unit = step or (1 if is_whole else 0.01)
    least, most = _real(schema, "minimum"), _real(schema, "maximum")
    above, below = _real(schema, "exclusiveMinimum"), _real(schema, "exclusiveMaximum")
    low = max((x for x in (least, _moved(above, unit)) if x is not None), default=None)
    high = min((x for x in (most, _moved(below, -unit)) if x is not None), default=None)
    if low is None:
        low = 0 if high is None or high >= 0 else high - _SPAN
    high = low + _SPAN if high is None else high
    if step or is_whole:
        # A bound that is between two steps is nearer than a whole step away from the next one.
        first = ceil(low / unit) if above is None else _first(least, above, unit)
        last = floor(high / unit) if below is None else _last(most, below, unit)
        value = rng.randint(first, max(first, last)) * unit
        return int(value) if is_whole else value
    if low > high:  # there is no room for a number with two digits
        lows = [x for x in (least, above) if x is not None]
        highs = [x for x in (most, below) if x is not None]
        return (max(lows, default=low) + min(highs, default=high)) / 2
    return min(max(round(rng.uniform(low, high), 2), low), high)


def whole(schema: JsonObject, key: str, default: int) -> int:
    """The whole number that a keyword has."""
    value = schema.get(key)
    return value if isinstance(value, int) else default


def _first(least: float | None, above: float, unit: float) -> int:
    after = floor(above / unit) + 1
    return after if least is None else max(after, ceil(least / unit))


def _last(most: float | None, below: float, unit: float) -> int:
    before = ceil(below / unit) - 1
    return before if most is None else min(before, floor(most / unit))


def _moved(bound: float | None, by: float) -> float | None:
    return None if bound is None else bound + by


def _real(schema: JsonObject, key: str) -> int | float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) else None
