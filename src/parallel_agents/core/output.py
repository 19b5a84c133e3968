"""Output: whether an answer matches its schema, what the model is told if not, and where it was cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import MOST_DEPTH, is_too_deep
from parallel_agents.core.schema import Json, JsonObject, compiled, dereferenced, find_json

_SHOWN = 200
# Where a sentence can end, with the quotes and brackets that may close after it.
_ENDS = tuple(".!?…\u3002\uff01\uff1f")
_CLOSERS = "\"'”\u2019»)]}*_ \n"


@dataclass(frozen=True, slots=True)
class Accepted:
    output: Json


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an answer is invalid; one line for each problem."""

    problems: tuple[str, ...]

    def repair_text(self) -> str:
        """What the model is told, once, to correct its answer."""
        listed = "\n".join(f"- {problem}" for problem in self.problems)
        return f"Your answer is invalid:\n{listed}\nAnswer again, with the corrected JSON only."


def check_output(text: str, schema: JsonObject | None) -> Accepted | Rejected:
    """Check a final answer against the agent's output schema; without one any text is valid."""
    if not text.strip():
        return Rejected(("the answer is empty",))
    if schema is None:
        return Accepted(text)
    fits = compiled(schema)
    try:
        value = find_json(text, fits)
    except ValueError:
        shown = head(text.strip(), _SHOWN)
        return Rejected((f"there is no JSON in it; it begins with {shown!r}",))
    if _is_too_deep(value):
        return Rejected((f"it has more than {MOST_DEPTH} levels",))
    problems = fits.problems(value)
    return Rejected(tuple(str(problem) for problem in problems)) if problems else Accepted(value)


def _is_too_deep(value: Json) -> bool:
    try:
        return is_too_deep(value, orjson.dumps(value))
    except TypeError:  # more than 254 levels, which the parser takes
        return True


def cut_texts(output: Json, schema: JsonObject | None) -> tuple[str, ...]:
    """A notice for each text that ends in mid-sentence at exactly the longest length allowed.

    A server that forces answers into a schema stops there in silence, and the answer is valid.
    """
    return () if schema is None else tuple(_cuts(output, schema, schema, ""))


def _cuts(value: Json, schema: Json, root: JsonObject, where: str) -> Iterator[str]:
    schema = dereferenced(schema, root)
    match value:
        case str():
            most = schema.get("maxLength")
            ends = value.rstrip(_CLOSERS).endswith(_ENDS)
            if isinstance(most, int) and len(value) == most and "enum" not in schema and not ends:
                yield f"{where or 'the answer'} was probably cut: it ends at its limit of {most} characters"
        case Mapping():
            properties = dereferenced(schema.get("properties"), root)
            for name, member in value.items():
                yield from _cuts(member, properties.get(name), root, _step(where, name))
        case Sequence():
            for index, item in enumerate(value):
                yield from _cuts(item, schema.get("items"), root, _step(where, index))
        case _:
            pass


def _step(where: str, step: str | int) -> str:
    return f"{where}/{step}".removeprefix("/")
