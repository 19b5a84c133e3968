"""Answers: random values that match a JSON Schema, in plausible English words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from uuid import UUID

import orjson

from parallel_agents.core.arguments import checked
from parallel_agents.core.schema import Json, JsonObject, compiled, dereferenced, resolved
from parallel_agents.models.simulated.fields import field_schema, is_open, names_needed_by
from parallel_agents.models.simulated.merging import CONDITIONS, also, merged, with_conditions
from parallel_agents.models.simulated.numbers import make_number, whole

_VOCABULARY = (
    "the a small first plan draft team page market river morning result question reason change "
    "reader order price check design number story light answer network green quick open early "
    "careful shared simple useful brings keeps shows needs finds moves opens holds gives makes "
    "and with for from over under before after without between"
)
_WORDS = tuple(_VOCABULARY.split())


def _date(rng: Random) -> str:
    return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _time(rng: Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}Z"


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date": _date,
    "date-time": lambda rng: f"{_date(rng)}T{_time(rng)}",
    "time": _time,
    "duration": lambda rng: f"PT{rng.randint(1, 59)}M",
    "email": lambda rng: f"{rng.choice(_WORDS)}@example.com",
    "uri": lambda rng: f"https://example.com/{rng.choice(_WORDS)}",
    "uuid": lambda rng: str(UUID(int=rng.getrandbits(128), version=4)),
    "ipv4": lambda rng: f"192.0.2.{rng.randint(1, 254)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randint(1, 9999)}",
    "hostname": lambda rng: f"{rng.choice(_WORDS)}.example.com",
}
_WORD_CHARACTERS = 6
_TRIES = 16
_LEAST_TRIES = 4
_LIST_MORE = 3
_MOST_CHARACTERS = 280
# Beyond this depth only what a schema requires is made, and beyond the other nothing.
_DEPTH = 12
_MOST_DEPTH = 100
_DRAWS = 40
_TEXT: JsonObject = {"type": "string"}
_CHOICES = ("anyOf", "oneOf")
_JOINED = ("$ref", "allOf", *_CHOICES)
_KINDS = {
    "array": ("prefixItems", "minItems", "maxItems", "contains", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "format", "pattern"),
}


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
    fills = [True] * (_TRIES - _LEAST_TRIES) + [False] * _LEAST_TRIES
    return _make_fitting(schema, rng, fills)


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
        if isinstance(choices := schema.get("enum"), Sequence) and choices:
            return self.rng.choice(choices)
        if "allOf" in schema:
            return self._below().make(self.plain(schema))
        if isinstance(reference := schema.get("$ref"), str):
            return self._below().make(_joined(resolved(reference, self.root), schema, "$ref"))
        for key in _CHOICES:
            if key in schema:
                return self._below().make(_joined(self._chosen(schema, key), schema, key))
        schema = with_conditions(schema)
        value = self._typed(schema)
        return self._conditioned(schema, value) if CONDITIONS in schema else value

    def plain(self, schema: Json) -> JsonObject:
        """The schema without references, `allOf` and choices, of each of which one is drawn."""
        if not isinstance(schema, Mapping):
            return {}
        schema = with_conditions(schema)
        plain = {name: value for name, value in schema.items() if name not in _JOINED}
        parts: list[Json] = [self._chosen(schema, key) for key in _CHOICES if key in schema]
        if isinstance(reference := schema.get("$ref"), str):
            parts.append(resolved(reference, self.root))
        if isinstance(every := schema.get("allOf"), Sequence):
            parts.extend(every)
        below = self._below()
        for part in parts:
            plain = merged(plain, below.plain(part))
        return plain

    def _chosen(self, schema: JsonObject, key: str) -> Json:
        """One of the options of a choice: one that does not lead further if this is deep already."""
        options = schema[key]
        if not isinstance(options, Sequence) or not options:
            return True
        makeable = [o for o in options if o is not False and not _has_pattern(o)] or options
        if self._is_shallow:
            return self.rng.choice(makeable)
        return min(reversed(makeable), key=self._references)

    def _references(self, schema: Json) -> int:
        return orjson.dumps(dereferenced(schema, self.root)).count(b'"$ref"')

    @property
    def _is_shallow(self) -> bool:
        return self.depth < _DEPTH

    def _below(self) -> _Maker:
        if self.depth >= _MOST_DEPTH:
            raise ValueError("each of its values contains another one, without end")
        return _Maker(self.root, self.rng, fills=self.fills, depth=self.depth + 1)

    def _conditioned(self, schema: JsonObject, value: Json) -> Json:
        """The value made anew with what its conditions ask; what they look at stays as it is."""
        plain = {name: part for name, part in schema.items() if name != CONDITIONS}
        conditions = schema[CONDITIONS]
        assert isinstance(conditions, Sequence)
        for condition in conditions:
            assert isinstance(condition, Mapping)
            asked = condition["if"]
            branch = "then" if self._fits(asked, value) else "else"
            plain = merged(plain, self.plain(condition.get(branch, True)))
            seen = asked.get("properties") if isinstance(asked, Mapping) else None
            if isinstance(seen, Mapping) and isinstance(value, Mapping):
                kept = {name: {"const": value[name]} for name in seen if name in value}
                plain = merged(plain, {"properties": kept, "required": list(kept)})
        return self._below().make(plain)

    def _fits(self, schema: Json, value: Json) -> bool:
        if not isinstance(schema, Mapping):
            return schema is not False
        named = {name: self.root[name] for name in ("$defs", "definitions") if name in self.root}
        return compiled({**named, **schema}).fits(value)

    def _typed(self, schema: JsonObject) -> Json:
        kind = schema.get("type")
        if isinstance(kind, Sequence) and not isinstance(kind, str):
            kind = self.rng.choice(kind) if kind else None
        match kind or _implied_kind(schema):
            case "string":
                return self._string(schema)
            case "integer" | "number" as number:
                return make_number(schema, self.rng, is_whole=number == "integer")
            case "boolean":
                return self.rng.random() < 0.5
            case "array":
                return self._array(schema)
            case "null":
                return None
            case _:
                return self._object(schema)

    def _string(self, schema: JsonObject) -> str:
        least = whole(schema, "minLength", 1)
        most = whole(schema, "maxLength", max(least, _MOST_CHARACTERS))
        if (form := _FORMATS.get(str(schema.get("format")))) is not None:
            formatted = form(self.rng)
            if least <= len(formatted) <= most:
                return formatted
        return make_text(self.rng, min(max(least, 8), most), most)

    def _array(self, schema: JsonObject) -> list[Json]:
        first, rest = _item_schemas(schema)
        wanted = schema.get("contains")
        needed = whole(schema, "minContains", 1) if wanted is not None else 0
        least = max(whole(schema, "minItems", 0), needed)
        most = whole(schema, "maxItems", max(len(first), least) + (0 if first else _LIST_MORE))
        most = min(most, len(first)) if rest is False else most
        least = max(least, min(len(first), most))
        more = min(most, max(least, 1) + _LIST_MORE) if self.fills and self._is_shallow else least
        count = self.rng.randint(least, max(least, more))
        schemas = [first[n] if n < len(first) else rest for n in range(count)]
        for n in range(max(0, count - needed), count):
            schemas[n] = wanted if schemas[n] is _TEXT else also(schemas[n], wanted)
        if schema.get("uniqueItems") is True:
            return self._different(schemas)
        below = self._below()
        return [below.make(item) for item in schemas]

    def _different(self, schemas: Sequence[Json]) -> list[Json]:
        """An item of each schema, without those for which no value is found that is new."""
        below, made = self._below(), list[Json]()
        for item in schemas:
            drawn = (below.make(item) for _ in range(_DRAWS))
            made.extend(islice((value for value in drawn if value not in made), 1))
        return made

    def _object(self, schema: JsonObject) -> JsonObject:
        fields, required = schema.get("properties", {}), schema.get("required", ())
        if not isinstance(fields, Mapping) or not isinstance(required, Sequence):
            return {}
        below, needed = self._below(), [str(name) for name in required]
        most = whole(schema, "maxProperties", max(len(needed), len(fields)))
        made: dict[str, Json] = {}
        for name in dict.fromkeys([*needed, *(fields if self.fills else ())]):
            is_drawn = name in needed or (self._is_shallow and self.rng.random() < 0.7)
            if is_drawn and (name in needed or (len(made) < most and fields[name] is not False)):
                made[name] = below.make(field_schema(schema, name))
        for name in self._further_names(schema, made):
            made[name] = below.make(field_schema(schema, name))
        return made

    def _further_names(self, schema: JsonObject, made: Mapping[str, Json]) -> list[str]:
        """The names that those which are made bring with them, and those that fill it up."""
        names = list(names_needed_by(schema, made))
        least = whole(schema, "minProperties", 0)
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping) and not made and self.fills and self._is_shallow:
            least = max(least, self.rng.randint(1, _LIST_MORE))
        least = min(least, whole(schema, "maxProperties", least))
        for _ in range(_DRAWS * least):
            if len(made) + len(names) >= least:
                break
            name = self._name(schema, {*made, *names})
            if name and name not in made and name not in names:
                names.append(name)
        return names

    def _name(self, schema: JsonObject, taken: Collection[str]) -> str:
        """A name of a field that is not made yet, or of a new one; empty if one may not be there."""
        fields = schema.get("properties")
        left = [name for name in fields if name not in taken] if isinstance(fields, Mapping) else []
        if left:
            return left[0]
        named = schema.get("propertyNames")
        if isinstance(named, Mapping) and {"enum", "const", "$ref", "anyOf"} & named.keys():
            name = str(self._below().make(named))
        else:
            patterns = schema.get("patternProperties")
            words = [p.strip("^$") for p in patterns] if isinstance(patterns, Mapping) else []
            name = self.rng.choice([*words, *_WORDS] if is_open(schema) else words or [""])
        return name if name and field_schema(schema, name) is not False else ""


def _joined(part: Json, schema: JsonObject, key: str) -> Json:
    """What a keyword stands for, together with the rest of its schema."""
    rest = {name: value for name, value in schema.items() if name not in (key, "$defs")}
    if not isinstance(part, Mapping):
        return rest if part is not False else False
    if any(name in rest for name in _JOINED):
        return {"allOf": [rest, part]}
    return merged(rest, part)


def _has_pattern(schema: Json) -> bool:
    return isinstance(schema, Mapping) and "pattern" in schema


def _implied_kind(schema: JsonObject) -> str:
    """The type that a schema without one is about; an object if it is about none."""
    for kind, keywords in _KINDS.items():
        if any(keyword in schema for keyword in keywords):
            return kind
    refused = schema.get("not")
    kinds = refused.get("type") if isinstance(refused, Mapping) else None
    is_refused = kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
    return "string" if is_refused else "object"


def _item_schemas(schema: JsonObject) -> tuple[Sequence[Json], Json]:
    """The schemas of the first items, and the one of all others."""
    first, rest = schema.get("prefixItems", ()), schema.get("items", _TEXT)
    if isinstance(rest, list | tuple):  # as it was written before 2020-12
        first, rest = rest, schema.get("additionalItems", _TEXT)
    elif "items" not in schema and schema.get("unevaluatedItems") is False:
        rest = False
    return first if isinstance(first, list | tuple) else (), rest
