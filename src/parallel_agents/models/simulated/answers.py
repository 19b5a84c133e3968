"""Answers: random values that match a JSON Schema, in plausible English words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from parallel_agents.core.arguments import checked
from parallel_agents.core.schema import Json, JsonObject, compiled, flattened, resolved

_VOCABULARY = (
    "the a small first plan draft team page market river morning result question reason change "
    "reader order price check design number story light answer network green quick open early "
    "careful shared simple useful brings keeps shows needs finds moves opens holds gives makes "
    "and with for from over under before after without between"
)
_WORDS = tuple(_VOCABULARY.split())
_FORMATS = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "email": "ana@example.com",
    "uri": "https://example.com/page",
    "uuid": "9d2c41f0-2425-417a-8609-055b3caf93d8",
    "ipv4": "192.0.2.7",
    "hostname": "example.com",
}
_WORD_CHARACTERS = 6
_TRIES = 4
_LIST_MORE = 3
_MOST_CHARACTERS = 280
_SPAN = 10
_DEPTH = 12


def make_text(rng: Random, least: int = 40, most: int = _MOST_CHARACTERS) -> str:
    """Text of at least `least` and at most `most` characters."""
    length = rng.randint(least, max(least, min(most, least + 120)))
    text = " ".join(rng.choices(_WORDS, k=length // _WORD_CHARACTERS + 1))
    text = text[:most].rstrip().ljust(least, ".")
    return text[:1].upper() + text[1:]


@checked
def make_answer(schema: JsonObject, rng: Random) -> Json:
    """A value that matches `schema`, checked against it.

    Raises:
        ValueError: no match was found, as for most `pattern`s; the message lists the mismatches.
    """
    # The last try leaves out all optional fields.
    return _make_fitting(schema, rng, [number < _TRIES - 1 for number in range(_TRIES)])


def make_least(schema: JsonObject, rng: Random) -> Json:
    """A value that matches `schema`, with required fields only.

    Raises:
        ValueError: as for make_answer.
    """
    return _make_fitting(schema, rng, [False] * _TRIES)


def _make_fitting(schema: JsonObject, rng: Random, tries: Sequence[bool]) -> Json:
    """The first value that matches; each of `tries` says whether to fill optional fields."""
    fits = compiled(schema)
    problems = []
    for fills in tries:
        value = _Maker(schema, rng, fills=fills).make(schema)
        problems = fits.problems(value)
        if not problems:
            return value
    raise ValueError("; ".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes one answer; `fills` says whether it may have optional fields."""

    root: JsonObject
    rng: Random
    fills: bool = True
    depth: int = 0

    def make(self, schema: Json) -> Json:
        if not isinstance(schema, Mapping):
            return make_text(self.rng)
        if "const" in schema:
            return schema["const"]
        choices = schema.get("enum")
        if isinstance(choices, Sequence) and choices:
            return self.rng.choice(choices)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._below().make(resolved(reference, self.root))
        for key in ("anyOf", "oneOf"):
            options = schema.get(key)
            if isinstance(options, Sequence) and options:
                chosen = self.rng.choice(options) if self._is_shallow else options[-1]
                rest = {name: value for name, value in schema.items() if name != key}
                merged = {**rest, **chosen} if isinstance(chosen, Mapping) else rest
                return self._below().make(merged)
        return self._typed(flattened(schema))

    @property
    def _is_shallow(self) -> bool:
        return self.depth < _DEPTH

    def _below(self) -> _Maker:
        return _Maker(self.root, self.rng, fills=self.fills, depth=self.depth + 1)

    def _typed(self, schema: JsonObject) -> Json:
        kind = schema.get("type")
        if isinstance(kind, Sequence) and not isinstance(kind, str):
            kind = self.rng.choice(kind) if kind else None
        match kind:
            case "string":
                return self._string(schema)
            case "integer" | "number":
                return self._number(schema, is_whole=kind == "integer")
            case "boolean":
                return self.rng.random() < 0.5
            case "array":
                return self._array(schema)
            case "null":
                return None
            case _:
                return self._object(schema)

    def _string(self, schema: JsonObject) -> str:
        formatted = _FORMATS.get(str(schema.get("format")))
        if formatted is not None:
            return formatted
        least = _whole(schema, "minLength", 1)
        most = _whole(schema, "maxLength", max(least, _MOST_CHARACTERS))
        return make_text(self.rng, min(max(least, 8), most), most)

    def _number(self, schema: JsonObject, *, is_whole: bool) -> int | float:
        step = _real(schema, "multipleOf")
        unit = step or (1 if is_whole else 0.01)
        low, high = _real(schema, "minimum"), _real(schema, "maximum")
        above, below = _real(schema, "exclusiveMinimum"), _real(schema, "exclusiveMaximum")
        low = above + unit if low is None and above is not None else low
        high = below - unit if high is None and below is not None else high
        if low is None:
            low = 0 if high is None or high >= 0 else high - _SPAN
        high = low + _SPAN if high is None else high
        if step or is_whole:
            first, last = -(-low // unit), high // unit
            value = self.rng.randint(int(first), max(int(first), int(last))) * unit
            return int(value) if is_whole else value
        return min(max(round(self.rng.uniform(low, high), 2), low), high)

    def _array(self, schema: JsonObject) -> list[Json]:
        least = _whole(schema, "minItems", 0)
        most = _whole(schema, "maxItems", least + _LIST_MORE)
        more = min(most, max(least, 1) + _LIST_MORE) if self.fills and self._is_shallow else least
        below = self._below()
        items = schema.get("items", {"type": "string"})
        return [below.make(items) for _ in range(self.rng.randint(least, max(least, more)))]

    def _object(self, schema: JsonObject) -> JsonObject:
        fields, required = schema.get("properties", {}), schema.get("required", ())
        if not isinstance(fields, Mapping) or not isinstance(required, Sequence):
            return {}
        below, needed = self._below(), [str(name) for name in required]
        names = dict.fromkeys([*needed, *(fields if self.fills else ())])
        return {
            name: below.make(fields.get(name, {"type": "string"}))
            for name in names
            if name in needed or (self._is_shallow and self.rng.random() < 0.7)
        }


def _whole(schema: JsonObject, key: str, default: int) -> int:
    value = schema.get(key)
    return value if isinstance(value, int) else default


def _real(schema: JsonObject, key: str) -> int | float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) else None
