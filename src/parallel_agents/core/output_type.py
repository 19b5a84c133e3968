"""Output types: a Python type for an agent's answer, its JSON Schema, and instances of it.

Only the schema is stored. A process that has the type checks answers with it as well, since a type can
refuse what its schema allows: a date that does not exist, or what a validator of the user rejects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, NewType, Protocol, TypeVar, cast, get_origin

import orjson
from typing_extensions import TypeAliasType, override

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.problems import Invalid, find_problems
from parallel_agents.core.schema import as_written
from parallel_agents.core.shown import shown

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_MOST_PROBLEMS = 5
_MOST_CHARACTERS = 300
# Pydantic takes a decimal as a number or as text.
_DECIMAL = re.compile(rb'"anyOf":\[\{[^{}]*"type":"number"[^{}]*\},\{[^{}]*"type":"string"')
_OBJECTS = ("model_schema", "dataclass_schema", "typed_dict_schema")
# A default that JSON lacks, and a choice that it lacks beside others, stay out of the schema.
_LEFT_OUT = {"non-serializable-default", "skipped-choice"}


# How Pydantic says that it has no schema, or JSON none.
_NO_SCHEMA = re.compile(
    r"^(?:Cannot generate a JsonSchema for core_schema\.(?P<core>\w+)"
    r"|Unable to generate pydantic-core schema for (?:<class '(?P<kind>[^']+)'>)?)"
)
_CORE_SCHEMAS = {"CallableSchema": "a function"}


class NoSchema(ValueError):
    """A value is not a type that JSON Schema can describe; the text says why.

    Attributes:
        hint: what to pass instead.
    """

    def __init__(self, why: str, *, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class Misfit(ValueError):
    """A JSON value is not one of the type.

    Attributes:
        problems: the reasons, at most five, each with its place: `items/0/line: it is missing`.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Adapter(Protocol[T_co]):
    """A `TypeAdapter` of Pydantic, which need not be imported by whoever passes no type."""

    def validate_json(self, data: bytes, /) -> T_co: ...

    def validate_python(self, data: Json, /) -> T_co: ...

    def json_schema(self, *, schema_generator: type[Any]) -> dict[str, Any]: ...


class OutputType(Generic[T_co]):
    """A type whose instances are answers: any type for which Pydantic makes a JSON Schema.

    Attributes:
        name: the type's, for messages.
        schema: its JSON Schema; None for `str`, whose answers are plain text.

    Raises:
        NoSchema: it is not a type, or not one that JSON Schema can describe.
    """

    __slots__ = ("_adapter", "_has_decimals", "kind", "name", "schema")

    def __init__(self, kind: TypeForm[T_co] | type[T_co]) -> None:
        self.kind: object = kind
        self.name = _name_of(kind)
        self._adapter, self.schema = (None, None) if kind is str else _described(kind)
        self._has_decimals = _DECIMAL.search(orjson.dumps(self.schema)) is not None

    @override
    def __reduce__(self) -> tuple[Callable[[object], OutputType[Any]], tuple[object]]:
        return output_type, (self.kind,)

    def instance(self, value: Json, text: str = "") -> T_co:
        """The answer as an instance of the type.

        Args:
            value: the answer.
            text: what the model wrote, whose numbers may have more digits than the value's.

        Raises:
            Misfit: it is not an instance.
            Exception: a validator of the type raised it.
        """
        if self._adapter is None:
            if isinstance(value, str):
                return cast("T_co", value)
            raise Misfit(("it is not text",))
        try:
            written = as_written(text, value)
            made = self._adapter.validate_json(written)
        except ValueError as error:
            if not isinstance(error, Invalid):
                raise
            raise Misfit(_problems(error)) from error
        if not self._has_decimals:
            return made
        # Pydantic makes a float of a number in JSON before it makes a decimal of that.
        try:
            exact: Json = json.loads(written, parse_float=_exact_number)
            return self._adapter.validate_python(exact)
        except ValueError:  # a strict type takes a date, for one, as text from JSON alone
            return made

    def problems(self, value: Json, text: str = "") -> tuple[str, ...]:
        """Why an answer is not an instance of the type, as in `instance`; empty if it is one.

        Raises:
            Exception: a validator of the type raised it.
        """
        try:
            self.instance(value, text)
        except Misfit as misfit:
            return misfit.problems
        return ()


def _exact_number(written: str) -> float | Decimal:
    """A number as a float if that is the same number."""
    number = float(written)
    exact = Decimal(written)
    return number if Decimal(repr(number)) == exact else exact


def _problems(error: Invalid) -> tuple[str, ...]:
    lines = [
        f"{'/'.join(found.steps) or 'the value'}: {found.words}" for found in find_problems(error)
    ]
    return tuple(head(line, _MOST_CHARACTERS) for line in lines[:_MOST_PROBLEMS])


def _described(kind: object) -> tuple[_Adapter[Any], JsonObject]:
    pydantic: Any = import_module("pydantic")
    try:
        adapter: _Adapter[Any] = pydantic.TypeAdapter(kind)
        return adapter, adapter.json_schema(schema_generator=_generator())
    except Exception as error:  # a type may take part in this with code of its own
        raise NoSchema(why_no_schema(error)) from error


def why_no_schema(error: Exception) -> str:
    """Why Pydantic makes no JSON Schema of a type, in words that need no knowledge of Pydantic."""
    text = _first_sentence(error)
    if (found := _NO_SCHEMA.search(text)) is None:
        return text
    kind = _CORE_SCHEMAS.get(found["core"] or "", "") or found["kind"] or "such a type"
    return f"JSON cannot represent {kind}"


def _first_sentence(error: Exception) -> str:
    message = getattr(error, "message", None)  # what Pydantic's own have
    text = " ".join(message.split()) if isinstance(message, str) else shown(error, _MOST_CHARACTERS)
    return head(text.partition(". ")[0].removesuffix("."), _MOST_CHARACTERS)


@lru_cache(maxsize=1)
def _generator() -> type[Any]:
    """The generator of schemas, which closes objects: servers enforce only closed ones exactly."""
    base: Any = import_module("pydantic.json_schema").GenerateJsonSchema

    def closing(name: str) -> Callable[[Any, Any], dict[str, Any]]:
        def describe(self: Any, schema: Any) -> dict[str, Any]:  # noqa: ANN401 - Pydantic's own
            described: dict[str, Any] = getattr(base, name)(self, schema)
            if "properties" in described:  # unless the class says what it makes of further ones
                described.setdefault("additionalProperties", False)
            return described

        return describe

    closed = {name: closing(name) for name in _OBJECTS}
    return type("Generator", (base,), {"ignored_warning_kinds": _LEFT_OUT, **closed})


def _name_of(kind: object) -> str:
    return kind.__qualname__ if isinstance(kind, type) and not get_origin(kind) else str(kind)


@lru_cache(maxsize=512)
def _known(kind: TypeForm[T] | type[T]) -> OutputType[T]:
    return OutputType(kind)


def output_type(kind: object) -> OutputType[Any]:
    """The output type of a Python type, made once for each.

    Raises:
        NoSchema: it is not a type, or not one that JSON Schema can describe.
    """
    if not isinstance(kind, type | UnionType | NewType | TypeAliasType) and not get_origin(kind):
        own = type(kind).__name__
        is_instance = hasattr(kind, "__pydantic_validator__") or hasattr(
            kind, "__dataclass_fields__"
        )
        hint = f"pass the class, {own}, and not an instance of it" if is_instance else ""
        raise NoSchema(f"{shown(kind)} is not a type", hint=hint)
    any_kind = cast("type[Any]", kind)
    try:
        return _known(any_kind)
    except TypeError:  # it is not hashable, such as an Annotated with a dictionary
        return OutputType(any_kind)
