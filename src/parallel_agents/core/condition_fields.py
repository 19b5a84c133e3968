"""Conditions against schemas: a condition that no answer can satisfy is refused before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from parallel_agents.core.expression import expression
from parallel_agents.core.gate import ConditionGate, Gate
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput

_MORE_FIELDS = ("$ref", "patternProperties", "allOf", "anyOf", "oneOf", "if")


def check_conditions(gates: Iterable[Gate], schema: JsonObject | None) -> None:
    """Refuse conditions on fields that the output schema rules out.

    Raises:
        InvalidInput: a condition reads a field that no answer can have.
    """
    fields = _only_fields(schema)
    if fields is None:
        return
    for gate in gates:
        if isinstance(gate, ConditionGate):
            _check(gate.condition, fields)


def _only_fields(schema: JsonObject | None) -> tuple[str, ...] | None:
    """The fields that an answer can have; None if the schema leaves that open."""
    if schema is None or schema.get("type") != "object":
        return None
    properties = schema.get("properties")
    is_closed = schema.get("additionalProperties") is False
    if not is_closed or not isinstance(properties, Mapping) or schema.keys() & set(_MORE_FIELDS):
        return None
    return tuple(properties)


def _check(condition: str, fields: tuple[str, ...]) -> None:
    for name in expression(condition).fields:
        if name in fields:
            continue
        close = get_close_matches(name, fields, n=1)
        raise InvalidInput(
            f"the condition {condition} reads {name}, which no answer can have",
            why=f"the output schema has only the fields {', '.join(fields) or '(none)'}",
            hint=f"did you mean {close[0]}?" if close else "name a field of the output schema",
        )
