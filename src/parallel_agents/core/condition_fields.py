"""Conditions against schemas: a condition that no answer can satisfy is refused before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, TypeGuard

from parallel_agents.core.expression import PLAIN_NAMES, Path, expression
from parallel_agents.core.gate import ConditionGate, Gate, QuotesGate, describe_gate
from parallel_agents.core.schema import Json, JsonObject, dereferenced
from parallel_agents.errors import InvalidInput

_MORE_FIELDS = ("patternProperties", "allOf", "if", "$dynamicRef")
_LIST = frozenset(("array",))
_ALTERNATIVES = ("anyOf", "oneOf")
_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}


class RuledOut(NamedTuple):
    """Why no answer has what a condition reads.

    Attributes:
        path: what is read, up to the first step that is not there.
        fields: the only fields there.
    """

    path: Path
    why: str
    fields: tuple[str, ...] = ()


def check_conditions(gates: Iterable[Gate], schema: JsonObject | None) -> None:
    """Refuse conditions and quotes of fields that the output schema rules out; without one, answers are texts.

    Raises:
        InvalidInput: a gate reads a field that no answer can have.
    """
    for gate in gates:
        if isinstance(gate, ConditionGate):
            told, paths = f"the condition {gate.condition}", expression(gate.condition).paths
        elif isinstance(gate, QuotesGate):
            told = f"the gate {describe_gate(gate)}"
            paths = [_through_lists((*gate.path, name), schema) for name in gate.fields]
        else:
            continue
        for path in paths:
            if (found := ruled_out(path, schema)) is not None:
                raise _refusal(told, found)


def _through_lists(names: tuple[str, ...], schema: JsonObject | None) -> Path:
    """Names as a path, with the first item of each list that they lead through."""
    root: JsonObject = {} if schema is None else schema
    here: JsonObject = root
    path: list[str | int] = []
    for name in names:
        here = dereferenced(here, root)
        while here.get("type") == "array" and isinstance(inside := here.get("items"), Mapping):
            here = dereferenced(inside, root)
            path.append(0)
        path.append(name)
        fields = here.get("properties")
        inside = fields.get(name) if isinstance(fields, Mapping) else None
        here = inside if isinstance(inside, Mapping) else {}
    return tuple(path)


def ruled_out(path: Path, schema: JsonObject | None) -> RuledOut | None:
    """Why no answer of this schema has a value at a path; None if one may have it."""
    root = {"type": "string"} if schema is None else schema
    kind = dereferenced(root, root).get("type")
    if not isinstance(kind, str) or kind == "object":
        return _ruled_out(path, 0, root, root)
    if path[0] in PLAIN_NAMES:
        return _ruled_out(path, 1, root, root)
    why = f"the answer is {_KINDS.get(kind, kind)} without fields, called `text`"
    return RuledOut(path[:1], why)


def ruled_out_below(path: Path, schema: JsonObject | None) -> RuledOut | None:
    """Why no answer of this schema has a value at a path that begins below it; None if one may have it."""
    root: JsonObject = {"type": "string"} if schema is None else schema
    return _ruled_out(path, 0, root, root)


def why_not_a_list(path: Path, schema: JsonObject | None) -> str:
    """What an answer of this schema has at a path, if it cannot be a list; empty if it may be one."""
    root: JsonObject = {"type": "string"} if schema is None else schema
    here: JsonObject = dereferenced(root, root)
    for step in path:
        if here.keys() & {*_MORE_FIELDS, *_ALTERNATIVES}:
            return ""
        properties = here.get("properties")
        inside = here.get("items") if isinstance(step, int) else None
        if isinstance(properties, Mapping) and isinstance(step, str):
            inside = properties.get(step)
        if not isinstance(inside, Mapping):
            return ""
        here = dereferenced(inside, root)
    if here.keys() & {*_MORE_FIELDS, *_ALTERNATIVES}:
        return ""
    kinds = _kinds_of(here)
    return "" if "array" in kinds else _told(kinds)


def _ruled_out(
    path: Path, at: int, schema: Json, root: JsonObject, within: tuple[JsonObject, ...] = ()
) -> RuledOut | None:
    """Why there is nothing at the steps of a path from `at` on, below what `schema` describes.

    It is one of the alternatives `within`; a schema that contains itself as one stays open.
    """
    here = dereferenced(schema, root)
    is_circle = any(here is outer for outer in within)
    if at == len(path) or is_circle or here.keys() & set(_MORE_FIELDS):
        return None
    for choices in map(here.get, _ALTERNATIVES):
        if _is_list(choices):
            found = [_ruled_out(path, at, one, root, (*within, here)) for one in choices]
            # That of an object says more than that of null.
            known = sorted(filter(None, found), key=lambda one: (len(one.path), len(one.fields)))
            return known[-1] if known and None not in found else None
    step, kinds = path[at], _kinds_of(here)
    if isinstance(step, str):
        return _without_field(path, at, here, root)
    if kinds.isdisjoint(("array", "string")):
        return RuledOut(path[: at + 1], f"there it is {_told(kinds)}, which has no items")
    return _ruled_out(path, at + 1, here.get("items"), root) if kinds == _LIST else None


def _without_field(path: Path, at: int, here: JsonObject, root: JsonObject) -> RuledOut | None:
    """Why there is no field of that name; None if there may be one, with what the path reads of it."""
    kinds, reached = _kinds_of(here), path[: at + 1]
    if "object" not in kinds:
        return RuledOut(reached, f"there it is {_told(kinds)}, which has no fields")
    properties = here.get("properties")
    fields: JsonObject = properties if isinstance(properties, Mapping) else {}
    step = str(path[at])
    if step in fields:
        return _ruled_out(path, at + 1, fields[step], root)
    if here.get("additionalProperties") is not False:
        return None
    listed = ", ".join(fields) or "(none)"
    return RuledOut(reached, f"the output schema has only the fields {listed}", tuple(fields))


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _kinds_of(schema: JsonObject) -> frozenset[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset((kind,))
    return frozenset(map(str, kind)) if _is_list(kind) else frozenset(_KINDS)


def _told(kinds: Iterable[str]) -> str:
    return " or ".join(sorted({_KINDS.get(kind, kind) for kind in kinds}))


def _refusal(told: str, found: RuledOut) -> InvalidInput:
    *above, last = found.path
    close = get_close_matches(last, found.fields, n=1) if isinstance(last, str) else []
    if close:
        hint = f"did you mean {_written((*above, close[0]))}?"
    else:
        hint = "name a field of the output schema; an agent without one needs one for this gate"
    return InvalidInput(
        f"{told} reads {_written(found.path)}, which no answer can have",
        why=found.why,
        hint=hint,
    )


def _written(path: Path) -> str:
    first, *rest = path
    return str(first) + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest
    )
