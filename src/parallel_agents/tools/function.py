"""Function tools: a typed Python function becomes a tool; its signature is the schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import overload

from parallel_agents.containment.functions import UserFunction, is_generator
from parallel_agents.containment.parameters import NotTyped, Parameters
from parallel_agents.containment.values import text_of
from parallel_agents.core.arguments import checked
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.shown import shown
from parallel_agents.core.tool import (
    Access,
    AccessName,
    Effect,
    EffectName,
    Subject,
    ToolContext,
    ToolSpec,
)
from parallel_agents.errors import InvalidInput

Function = Callable[..., object]

_LAMBDA = "<lambda>"


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
        self._function = UserFunction(function, name)
        try:
            _check_kind(function)
            self._parameters = Parameters(function, given=(ToolContext,))
        except NotTyped as error:
            raise InvalidInput(
                f"{_shown(function)} cannot be a tool", why=str(error), hint=error.hint
            ) from error
        schema, text = self._parameters.schema, _first_paragraph(function)
        self.spec = ToolSpec(name, text, schema, effect, access, subject)

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        """The function's return value: a string as it is, anything else as JSON.

        What JSON cannot represent is shown as Python shows it.

        Raises:
            NoThreadLeft: too many earlier calls have never returned, so it was not called.
        """

        def values() -> dict[str, object]:
            given = dict.fromkeys(self._parameters.given.values(), context)
            return {**self._parameters.values(arguments), **given}

        queued = context.caller.queued() if context.caller else None
        return await self._function.call(text_of, named=values, queued=queued)


def _check_kind(function: Function) -> None:
    """Refuse what can be called and is no function with a name.

    Raises:
        NotTyped: it is a class, an object, a lambda or a generator.
    """
    if inspect.isclass(function):
        raise NotTyped("it is a class", "pass a function, or a method of an instance")
    if not inspect.isroutine(function):
        raise NotTyped(
            "it is an object that can be called, and has no name",
            "write a function that calls it: def search(query: str) -> str: ...",
        )
    if function.__name__ == _LAMBDA:
        raise NotTyped(
            "a lambda has no name that agents could call it by",
            "write it with def: def search(query: str) -> str: ...",
        )
    if is_generator(function):
        raise NotTyped(
            "it is a generator, and a tool returns one value", "return a list instead of yielding"
        )


def _shown(function: Function) -> str:
    is_named = inspect.isroutine(function) and function.__name__ != _LAMBDA
    return f"the function {function.__name__}" if is_named else shown(function)


def _first_paragraph(function: Function) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n", 1)[0].split())


@overload
def tool(function: Function, /) -> FunctionTool: ...
@overload
def tool(
    *, effect: EffectName = ..., access: AccessName = ..., subject: Subject | str | None = ...
) -> Callable[[Function], FunctionTool]: ...
@checked
def tool(
    function: Function | None = None,
    /,
    *,
    effect: EffectName = Effect.ONCE,
    access: AccessName = Access.NONE,
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
