"""Function tools: a typed Python function becomes a tool; its signature is the schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

from parallel_agents.containment.functions import UserFunction, is_generator
from parallel_agents.containment.values import text_of
from parallel_agents.core.arguments import checked
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Access, Effect, Subject, ToolContext, ToolSpec
from parallel_agents.errors import InvalidInput

Function = Callable[..., object]

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class FunctionTool:
    """A tool that calls a function; what is not async runs in a thread of the tool's own.

    Args:
        function: its parameters need type annotations. The first paragraph of its docstring is
            the tool's description; `Annotated[int, Field(description="...")]` describes a parameter.
            A parameter of the type `ToolContext` gets the call's origin; models do not see it.
        effect: what a second call with the same arguments does.
        access: what its calls reach.
        subject: the argument that permissions for some of its calls are compared with.

    Raises:
        InvalidInput: the signature cannot be a JSON Schema, or the function is a generator.
    """

    def __init__(
        self,
        function: Function,
        effect: Effect = Effect.ONCE,
        *,
        access: Access = Access.NONE,
        subject: Subject | None = None,
    ) -> None:
        name = getattr(function, "__name__", type(function).__name__)
        if is_generator(function):
            raise InvalidInput(
                f"the function {name} cannot be a tool",
                why="it is a generator, and a tool returns one value",
                hint="return a list instead of yielding",
            )
        self._function = UserFunction(function, name)
        self._arguments, self._context_name = _arguments_model(name, function)
        fields = self._arguments.model_fields.items()
        self._aliases = tuple((name, str(field.alias)) for name, field in fields)
        schema = _schema_of(self._arguments)
        self.spec = ToolSpec(name, _first_paragraph(function), schema, effect, access, subject)

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        """The function's return value: a string as it is, anything else as JSON.

        What JSON cannot represent is shown as Python shows it.

        Raises:
            NoThreadLeft: too many earlier calls have never returned, so it was not called.
        """

        def values() -> dict[str, object]:
            checked = self._arguments.model_validate(arguments)
            passed: dict[str, object] = {
                alias: getattr(checked, name) for name, alias in self._aliases
            }
            if self._context_name:
                passed[self._context_name] = context
            return passed

        queued = context.caller.queued() if context.caller else None
        return await self._function.call(text_of, named=values, queued=queued)


def _arguments_model(name: str, function: Function) -> tuple[type[BaseModel], str]:
    """The arguments that models pass, and the name of the parameter that gets the context."""
    fields: dict[str, Any] = {}  # as pydantic types field definitions
    context_name = ""
    config = ConfigDict(extra="forbid")
    try:
        hints = get_type_hints(function, include_extras=True)
        for number, parameter in enumerate(inspect.signature(function).parameters.values()):
            if hints.get(parameter.name) is ToolContext and parameter.kind in _BY_NAME:
                context_name = parameter.name
                continue
            # Under an alias, since a parameter may have the name of a model's method, such as `json`.
            fields[f"argument_{number}"] = _field(name, parameter, hints)
        model = create_model(name, __config__=config, **fields)
        model.model_json_schema()
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise _not_a_tool(name, str(error)) from error
    return model, context_name


def _field(name: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> tuple[Any, Any]:
    if parameter.kind not in _BY_NAME or parameter.name not in hints:
        raise _not_a_tool(
            name, f"its parameter {parameter.name} has no type, or cannot be passed by name"
        )
    is_required = parameter.default is inspect.Parameter.empty
    default: Any = ... if is_required else parameter.default
    return hints[parameter.name], Field(default=default, alias=parameter.name)


def _not_a_tool(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"the function {name} cannot be a tool",
        why=why,
        hint="annotate each parameter with a type that JSON can represent",
    )


class _Untitled(GenerateJsonSchema):
    """A schema without the titles that pydantic derives from names: they only cost tokens."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _schema_of(arguments: type[BaseModel]) -> JsonObject:
    schema = arguments.model_json_schema(schema_generator=_Untitled)
    return {key: value for key, value in schema.items() if key != "title"}


def _first_paragraph(function: Function) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n", 1)[0].split())


@overload
def tool(function: Function, /) -> FunctionTool: ...
@overload
def tool(
    *, effect: Effect | str = ..., access: Access | str = ..., subject: Subject | str | None = ...
) -> Callable[[Function], FunctionTool]: ...
@checked
def tool(
    function: Function | None = None,
    /,
    *,
    effect: Effect | str = Effect.ONCE,
    access: Access | str = Access.NONE,
    subject: Subject | str | None = None,
) -> FunctionTool | Callable[[Function], FunctionTool]:
    """Make a function a tool, by `@tool` or `@tool(effect="pure")`.

    The effect decides what happens after a crash during a call: `pure` and `idempotent` calls are
    made again; a `once` call is not, and the model is told that its outcome is unknown. The access
    says what a call reaches: what writes, runs or leaves the machine needs a permission. The
    subject names the argument that patterns in permissions are compared with.

    Raises:
        InvalidInput: there is no such effect or access, or the function cannot be a tool.
    """
    if function is not None:
        return FunctionTool(function)
    about = Subject(subject) if isinstance(subject, str) else subject
    return lambda function: FunctionTool(
        function, Effect(effect), access=Access(access), subject=about
    )
