"""Problems: what Pydantic finds wrong with a value, in plain words; it need not be imported for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

_WHOLE, _NUMBER, _BOOLEAN = "a whole number", "a number", "true or false"
_KINDS = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "a smaller number",
    "int_type": _WHOLE,
    "frozen_set_type": "a list",
    "list_type": "a list",
    "mapping_type": "a table",
    "set_type": "a list",
    "string_type": "text",
    "tuple_type": "a list",
}
_SENTENCES = {
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
    "string_pattern_mismatch": "it has another form",
    "unexpected_keyword_argument": "there is no such field",
}
_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


@runtime_checkable
class Invalid(Protocol):
    """A ValidationError of Pydantic."""

    def errors(
        self, *, include_url: bool, include_input: bool
    ) -> Sequence[Mapping[str, Any]]: ...  # the context differs with the type


def describe_problem(error: Invalid) -> str:
    """What the first invalid value must be: `it must be at least 1`."""
    found = error.errors(include_url=False, include_input=False)[0]
    if kind := _KINDS.get(found["type"]):
        return f"it must be {kind}"
    if sentence := _SENTENCES.get(found["type"]):
        return sentence
    context = found.get("ctx", {})
    for name, words in _BOUNDS.items():
        if name in context:
            return f"it must be {words} {context[name]:g}"
    if found["type"] in {"enum", "literal_error"}:
        return f"it must be {context['expected']}"
    text = found["msg"].removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]
