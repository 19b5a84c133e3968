"""Seen: the values that a condition read of an answer, in a few words, for whoever asks why it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from parallel_agents.core.expression import Path, expression
from parallel_agents.core.gate import ConditionGate, Gate
from parallel_agents.core.schema import Json
from parallel_agents.core.shown import shown

_VALUE_CHARACTERS = 50
_MOST_VALUES = 4


def seen(gate: Gate, answer: Json) -> str:
    """What a condition read of an answer with fields; empty for all other checks and answers."""
    if not isinstance(gate, ConditionGate) or not isinstance(answer, Mapping):
        return ""
    paths = expression(gate.condition).paths[:_MOST_VALUES]
    return ", ".join(f"{_name(path)}: {_value(path, answer)}" for path in paths)


def _name(path: Path) -> str:
    first, *others = path
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in others)
    return f"{first}{''.join(steps)}"


def _value(path: Path, answer: Json) -> str:
    try:
        value = _found(path, answer)
    except LookupError:
        return "missing"
    if value is None or isinstance(value, bool):
        return orjson.dumps(value).decode()
    if isinstance(value, str):
        text = shown(value, _VALUE_CHARACTERS)
        return text if len(value) <= _VALUE_CHARACTERS else f"{text} ({len(value)} characters)"
    if isinstance(value, Sequence):
        return "1 item" if len(value) == 1 else f"{len(value)} items"
    return shown(value, _VALUE_CHARACTERS)


def _found(path: Path, answer: Json) -> Json:
    """What is at a path; raises LookupError if there is nothing."""
    value = answer
    for step in path:
        value = _below(value, step)
    return value


def _below(value: Json, step: str | int) -> Json:
    if isinstance(step, str):
        if isinstance(value, Mapping):
            return value[step]
    elif not isinstance(value, str) and isinstance(value, Sequence):
        return value[step]
    raise KeyError(step)
