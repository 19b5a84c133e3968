"""Conditions against schemas: a condition that no answer can satisfy is refused before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, TypeGuard

from parallel_agents.core.expression import PLAIN_NAMES, Path, expression
from parallel_agents.core.gate import ConditionGate, Gate, QuotesGate, describe_gate
from parallel_agents.core.schema import Json, JsonObject, dereferenced
from parallel_agents.errors import InvalidInput

_MORE_FIELDS = ("patternProperties", "allOf", "if", "$dynamicRef")
_LIST = frozenset(("array",))
_TEXT = frozenset(("string",))
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
_ANY_KIND = frozenset(_KINDS)
_NUMBERS = frozenset(("number", "integer", "boolean"))


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
        if isinstance(gate, ConditionGate):
            error = misfit(gate.condition, lambda path: kinds_of_answer(path, schema))
            if error is not None:
                raise error


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


def misfit(condition: str, kinds_at: Callable[[Path], frozenset[str]]) -> InvalidInput | None:
    """Why a condition can never hold: it asks which of two values is larger that cannot be compared.

    Args:
        condition: one that is valid.
        kinds_at: the JSON types that a value may have.
    """
    for path, kind in expression(condition).orders:
        kinds = kinds_at(path)
        fitting = _NUMBERS if kind == "number" else {"string"}
        if kinds.isdisjoint(fitting):
            return InvalidInput(
                f"the condition {condition} compares {_written(path)} with {_KINDS[kind]}",
                why=f"it is {told_kinds(kinds)}",
                hint=f"compare {_KINDS[kind]} with {_KINDS[kind]}: an output schema gives an answer "
                "fields with types, and len() is a number",
            )
    return None


def kinds_of_answer(path: Path, schema: JsonObject | None) -> frozenset[str]:
    """The JSON types that an answer may have at a path whose first name is as in a gate."""
    root: JsonObject = {"type": "string"} if schema is None else schema
    kind = dereferenced(root, root).get("type")
    is_plain = isinstance(kind, str) and kind != "object" and path[0] in PLAIN_NAMES
    return kinds_below(path[1:] if is_plain else path, root)


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


def ruled_out_below(
    path: Path, schema: JsonObject | None, *, is_condition: bool = False
) -> RuledOut | None:
    """Why no answer of this schema has a value at a path that begins below it; None if one may have it.

    Args:
        path: the steps below the answer.
        schema: that of the answer, or None for a text.
        is_condition: whether a condition reads it, for which a text has items, its characters.
    """
    root: JsonObject = {"type": "string"} if schema is None else schema
    if not is_condition and (found := _item_of_text(path, root)):
        return found
    return _ruled_out(path, 0, root, root)


def _item_of_text(path: Path, root: JsonObject) -> RuledOut | None:
    """Why there is nothing at a path of a placeholder that reads an item of a text."""
    for at, step in enumerate(path):
        if isinstance(step, int):
            kinds = kinds_below(path[:at], root)
            if "array" not in kinds:
                return RuledOut(
                    path[: at + 1], f"there it is {told_kinds(kinds)}, which has no items"
                )
    return None


def kinds_below(path: Path, root: JsonObject) -> frozenset[str]:
    """The JSON types that an answer of this schema may have at a path; all of them if that is open."""
    here: JsonObject = dereferenced(root, root)
    for step in path:
        if here.keys() & {*_MORE_FIELDS, *_ALTERNATIVES}:
            return _ANY_KIND
        properties = here.get("properties")
        inside = here.get("items") if isinstance(step, int) else None
        if isinstance(properties, Mapping) and isinstance(step, str):
            inside = properties.get(step)
        if isinstance(step, int) and _kinds_of(here) == _TEXT:
            inside = {"type": "string"}
        if not isinstance(inside, Mapping):
            return _ANY_KIND
        here = dereferenced(inside, root)
    return _ANY_KIND if here.keys() & {*_MORE_FIELDS, *_ALTERNATIVES} else _kinds_of(here)


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
        return RuledOut(path[: at + 1], f"there it is {told_kinds(kinds)}, which has no items")
    return _ruled_out(path, at + 1, here.get("items"), root) if kinds == _LIST else None


def _without_field(path: Path, at: int, here: JsonObject, root: JsonObject) -> RuledOut | None:
    """Why there is no field of that name; None if there may be one, with what the path reads of it."""
    kinds, reached = _kinds_of(here), path[: at + 1]
    if "object" not in kinds:
        return RuledOut(reached, f"there it is {told_kinds(kinds)}, which has no fields")
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
    return frozenset(map(str, kind)) if _is_list(kind) else _ANY_KIND


def told_kinds(kinds: Iterable[str]) -> str:
    """JSON types in words: `a list or null`."""
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
