"""A typed function becomes a tool; a function that cannot be one is refused at once."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from functools import partial, wraps
from typing import Annotated, Literal, NamedTuple

import pytest
from pydantic import Field, ValidationError

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Effect, Tool, ToolContext
from parallel_agents.errors import InvalidInput
from parallel_agents.tools.function import FunctionTool, tool

CONTEXT = ToolContext(SessionKey("s"), RunId("r"))


class Color(StrEnum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int = 0


async def call(function: FunctionTool, arguments: JsonObject) -> str:
    return await function.call(arguments, CONTEXT)


def test_the_signature_is_the_schema_and_the_docstring_the_description() -> None:
    @tool
    def search(
        query: Annotated[str, Field(description="What to look for")],
        limit: int = 10,
        *,
        kind: Literal["web", "news"] = "web",
    ) -> list[str]:
        """Search the
        web.

        More that the model is not told.
        """
        return [query] * limit + [kind]

    assert isinstance(search, Tool)
    assert search.spec.name == "search"
    assert search.spec.description == "Search the web."
    assert search.spec.effect is Effect.ONCE
    assert search.spec.parameters == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What to look for"},
            "limit": {"type": "integer", "default": 10},
            "kind": {"type": "string", "enum": ["web", "news"], "default": "web"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }


async def test_arguments_come_as_their_types_and_defaults_are_filled_in() -> None:
    seen: list[object] = []

    def paint(color: Color, points: list[Point], size: float = 1.5) -> str:
        seen.extend((color, points, size))
        return "painted"

    assert await call(FunctionTool(paint), {"color": "red", "points": [[1, 2]]}) == "painted"
    assert seen == [Color.RED, [Point(1, 2)], 1.5]


@pytest.mark.parametrize(
    ("value", "words"),
    [("plain", "plain"), (3, "3"), (None, "null"), ({"a": [Color.RED]}, '{"a":["red"]}')],
)
async def test_a_value_that_is_not_a_string_is_returned_as_json(value: object, words: str) -> None:
    def give() -> object:
        return value

    assert await call(FunctionTool(give), {}) == words


async def test_an_async_function_runs_on_the_loop_and_any_other_in_a_thread() -> None:
    threads: list[int] = []

    async def on_loop() -> None:
        threads.append(threading.get_ident())

    def in_thread() -> None:
        threads.append(threading.get_ident())

    await call(FunctionTool(on_loop), {})
    await call(FunctionTool(in_thread), {})

    assert threads[0] == threading.get_ident() != threads[1]


@pytest.mark.parametrize("effect", list(Effect))
def test_the_effect_is_what_the_decorator_says(effect: Effect) -> None:
    def look() -> None:
        """Look."""

    assert tool(effect=effect.value)(look).spec.effect is effect


async def test_arguments_that_do_not_fit_are_refused_by_the_tool_itself_too() -> None:
    def add(a: int) -> int:
        return a

    with pytest.raises(ValidationError):
        await call(FunctionTool(add), {"a": 1, "b": 2})


async def test_a_parameter_may_have_any_name() -> None:
    def send(json: str, schema: str, copy: bool, model_name: str) -> str:
        return f"{json} {schema} {copy} {model_name}"

    arguments: JsonObject = {"json": "a", "schema": "b", "copy": True, "model_name": "c"}

    assert await call(FunctionTool(send), arguments) == "a b True c"


def untyped(a) -> None: ...  # noqa: ANN001  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]


def rest(*args: int) -> None: ...


def anything(**kwargs: int) -> None: ...


def by_place(a: int, /) -> None: ...


def not_json(a: threading.Thread) -> None: ...


def unknown(a: Nowhere) -> None: ...  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]


NO_TOOLS: list[Callable[..., object]] = [
    untyped,
    rest,
    anything,
    by_place,
    not_json,
    unknown,
    partial(rest, 1),
    threading.Thread,
    lambda: "x",
]


@pytest.mark.parametrize("function", NO_TOOLS)
def test_a_function_that_has_no_schema_is_refused(function: Callable[..., object]) -> None:
    with pytest.raises(InvalidInput, match="cannot be a tool") as caught:
        FunctionTool(function)

    assert caught.value.why
    assert caught.value.hint


def test_a_generator_is_refused() -> None:
    def pages() -> Iterator[str]:
        yield "page"

    with pytest.raises(InvalidInput, match="the function pages cannot be a tool") as caught:
        FunctionTool(pages)

    assert caught.value.why == "it is a generator, and a tool returns one value"


async def test_an_async_function_behind_a_decorator_is_awaited() -> None:
    async def look(url: str) -> str:
        return url

    @wraps(look)
    def traced(url: str) -> Awaitable[str]:
        return look(url)

    assert await call(FunctionTool(traced), {"url": "a"}) == "a"


async def test_a_value_that_json_lacks_is_shown_as_python_shows_it() -> None:
    def send() -> object:
        return Decimal

    assert await call(FunctionTool(send), {}) == "(not JSON) <class 'decimal.Decimal'>"


def test_an_effect_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"effect of tool\(\) is 'pur'") as caught:
        tool(effect="pur")  # pyright: ignore[reportArgumentType] - what is tested

    assert caught.value.why == "it takes pure, idempotent or once"


def test_a_context_without_a_type_is_refused_with_the_type() -> None:
    def look(url: str, context: object) -> str:
        return f"{url}{context}"

    del look.__annotations__["context"]
    with pytest.raises(InvalidInput) as caught:
        FunctionTool(look)

    assert caught.value.hint.startswith("write context: pa.ToolContext")
