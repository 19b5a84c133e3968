"""JSON example: how a text that was typed for a value would be written as JSON, by the value's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.schema import Json

_MOST_TEXT = 60
_KINDS = {
    "array": "a list",
    "object": "an object",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}
_EXAMPLES = {"object": '{"name": "value"}', "integer": "3", "number": "0.5"}
_NO = frozenset({"no", "off", "n", "f", "none"})


class JsonExample(NamedTuple):
    """What a value is, and a text of JSON for it.

    Attributes:
        kind: such as `a list`; `JSON` if the schema does not say.
    """

    kind: str
    text: str


def json_example(text: str, schema: Mapping[str, Json]) -> JsonExample:
    """An example of JSON for a value, of what was typed where that can be told."""
    wanted = schema.get("type")
    kinds = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    kind = next((each for each in kinds if isinstance(each, str) and each in _KINDS), "")
    if kind == "array" or not kind:
        example = _list(text, schema.get("items"))
    elif kind == "boolean":
        example = "false" if text.strip().lower() in _NO else "true"
    else:
        example = _EXAMPLES[kind]
    return JsonExample(_KINDS.get(kind, "JSON"), example)


def _list(text: str, items: Json) -> str:
    is_plain = 0 < len(text) <= _MOST_TEXT and not any(mark in text for mark in '\n"[]{}')
    parts = [part for each in text.split(",") if (part := each.strip())] if is_plain else []
    numbers = isinstance(items, Mapping) and items.get("type") in {"integer", "number"}
    if numbers:
        return f"[{', '.join(parts)}]" if _are_numbers(parts) else "[1, 2]"
    return json.dumps(parts or ["a", "b"], ensure_ascii=False)


def _are_numbers(parts: Sequence[str]) -> bool:
    try:
        return bool(parts) and all(type(json.loads(part)) in {int, float} for part in parts)
    except ValueError:
        return False
