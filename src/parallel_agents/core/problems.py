"""Problems: what Pydantic finds wrong with a value, in plain words; it need not be imported for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

_WHOLE, _NUMBER, _BOOLEAN = "a whole number", "a number", "true or false"
_TABLE, _LIST, _DATE = "a table of names and values", "a list", "a date, as YYYY-MM-DD"
_KINDS = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "dataclass_type": _TABLE,
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "dict_type": _TABLE,
    "finite_number": "a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "frozen_set_type": _LIST,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "a smaller number",
    "int_type": _WHOLE,
    "list_type": _LIST,
    "mapping_type": _TABLE,
    "model_type": _TABLE,
    "path_type": "a path",
    "set_type": _LIST,
    "string_type": "text",
    "string_unicode": "Unicode text",
    "tuple_type": _LIST,
}
_SENTENCES = {
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
    "unexpected_keyword_argument": "there is no such field",
}
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_KEY = "[key]"  # Pydantic's last step to the name of an entry, if that is what is wrong


@runtime_checkable
class Invalid(Protocol):
    """A ValidationError of Pydantic."""

    def errors(
        self, *, include_url: bool, include_input: bool
    ) -> Sequence[Mapping[str, Any]]: ...  # the context differs with the type


class Found(NamedTuple):
    """What is wrong with a value.

    Attributes:
        steps: the names and numbers that lead to it.
        kind: Pydantic's name for the problem.
        words: what the value must be: `it must be at least 1`.
    """

    steps: tuple[str, ...]
    kind: str
    words: str

    @property
    def is_unknown(self) -> bool:
        """Whether a name is wrong, which no field has."""
        return self.kind in _UNKNOWN

    @property
    def field(self) -> str:
        """The nearest name: of an item of a list, that of the list."""
        return next((step for step in reversed(self.steps) if not step.isdigit()), "")


def find_problems(error: Invalid) -> list[Found]:
    """What is wrong, in the order in which it was found; at least one problem."""
    return [
        Found(
            tuple(str(step) for step in found["loc"] if step != _KEY), found["type"], _word(found)
        )
        for found in error.errors(include_url=False, include_input=False)
    ]


def find_problem(error: Invalid) -> Found:
    """The first problem; an unknown name before a missing one, which it may be a misspelling of."""
    problems = find_problems(error)
    return next((found for found in problems if found.is_unknown), problems[0])


def describe_problem(error: Invalid) -> str:
    """What the first invalid value must be: `it must be at least 1`."""
    return find_problems(error)[0].words


def as_path(steps: Sequence[str]) -> str:
    """Steps in the usual notation: `tasks[0].text`."""
    path = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)
    return path.removeprefix(".")


def _word(found: Mapping[str, Any]) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if words := _KINDS.get(kind):
        return f"it must be {words}"
    if sentence := _SENTENCES.get(kind):
        return sentence
    if kind == "string_pattern_mismatch":
        what = "the name" if _KEY in found["loc"] else "it"
        return f"{what} must have the form {context['pattern']}"
    for name, words in _BOUNDS.items():
        if name in context:
            return f"it must be {words} {context[name]:,.15g}"
    if kind in {"enum", "literal_error"}:
        return f"it must be {context['expected']}"
    if kind in {"too_short", "string_too_short"}:
        return "it must not be empty"
    if kind in {"too_long", "string_too_long"}:
        return f"it must have at most {context['max_length']:,} {_unit(kind)}"
    text = found["msg"].removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]


def _unit(kind: str) -> str:
    return "characters" if kind == "string_too_long" else "items"
