"""Parameters: what a function of others takes by name, as a JSON Schema and as checked values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

from parallel_agents.core.output_type import why_no_schema
from parallel_agents.core.schema import JsonObject

_CONTEXT_NAMES = frozenset({"context", "ctx", "tool_context"})
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class NotTyped(ValueError):
    """A parameter has no type that JSON can represent; the text says which, and why.

    Attributes:
        hint: what to write instead.
    """

    def __init__(
        self, why: str, hint: str = "annotate each parameter with a type that JSON can represent"
    ) -> None:
        super().__init__(why)
        self.hint = hint


class NotJson(NotTyped):
    """A parameter has a type, and JSON cannot represent it."""


class Parameters:
    """The parameters of a function, but for those that the runtime passes itself.

    Args:
        function: its parameters need type annotations.
        given: the types of parameters that the runtime passes.
        skip: how many parameters at the front the runtime passes, whatever their types.

    Attributes:
        given: the names of those that the runtime passes, by their types.
        schema: JSON Schema of an object with the others.

    Raises:
        NotTyped: the signature cannot be a JSON Schema.
    """

    def __init__(
        self, function: Callable[..., object], *, given: Collection[type] = (), skip: int = 0
    ) -> None:
        self.given: dict[type, str] = {}
        fields: dict[str, Any] = {}  # as pydantic types field definitions
        try:
            hints = get_type_hints(function, include_extras=True)
            parameters = list(inspect.signature(function).parameters.values())[skip:]
            for number, parameter in enumerate(parameters):
                hint: Any = hints.get(parameter.name)
                if hint in given and parameter.kind in _BY_NAME:
                    self.given[hint] = parameter.name
                    continue
                # Under an alias, since a parameter may have the name of a model's method, such as `json`.
                fields[f"argument_{number}"] = _field(parameter, hints, given)
            name = getattr(function, "__name__", type(function).__name__)
            self._model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
            self.schema = _schema_of(self._model)
        except NotTyped:
            raise
        except (PydanticUserError, NameError, TypeError, ValueError) as error:
            raise NotJson(_why(fields, error)) from error
        self.names = tuple(str(field.alias) for field in self._model.model_fields.values())
        self._aliases = tuple(
            (n, str(field.alias)) for n, field in self._model.model_fields.items()
        )

    def values(self, arguments: JsonObject) -> dict[str, object]:
        """The arguments as the function takes them, with its defaults.

        Raises:
            pydantic.ValidationError: they do not match the schema.
        """
        checked = self._model.model_validate(arguments)
        return {alias: getattr(checked, name) for name, alias in self._aliases}


def _field(
    parameter: inspect.Parameter, hints: Mapping[str, Any], given: Collection[type]
) -> tuple[Any, Any]:
    name = parameter.name
    if parameter.kind not in _BY_NAME:
        raise NotTyped(
            f"its parameter {name} cannot be passed by name",
            "take parameters by their names: a list in place of *values, and no /",
        )
    if name not in hints:
        meant = [f"pa.{kind.__name__}" for kind in given if name in _CONTEXT_NAMES]
        raise NotTyped(
            f"its parameter {name} has no type",
            f"write {name}: {meant[0]} for the context of the call, which models do not see"
            if meant
            else f"write a type that JSON can represent, such as {name}: str",
        )
    is_required = parameter.default is inspect.Parameter.empty
    default: Any = ... if is_required else parameter.default
    return hints[name], Field(default=default, alias=name)


def _why(fields: Mapping[str, Any], error: Exception) -> str:
    """Which parameter has no schema, and why; what is wrong with the whole if each has one."""
    for kind, field in fields.values():
        try:
            _schema_of(create_model("argument", value=(kind, field)))
        except (PydanticUserError, NameError, TypeError, ValueError) as own:
            return f"its parameter {field.alias}: {why_no_schema(own)}"
    return why_no_schema(error)


class _Untitled(GenerateJsonSchema):
    """A schema without the titles that pydantic derives from names: they only cost tokens."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _schema_of(arguments: type[BaseModel]) -> JsonObject:
    schema = arguments.model_json_schema(schema_generator=_Untitled)
    return {key: value for key, value in schema.items() if key != "title"}
