"""Any callable is called in the way that suits it."""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from parallel_agents.containment.functions import UserFunction, is_generator


def plain(word: str) -> str:
    return word.upper()


async def on_loop(word: str) -> str:
    return word.upper()


class Callable_:  # noqa: N801
    async def __call__(self, word: str) -> str:
        return word.upper()


def traced(function: Callable[[str], Awaitable[str]]) -> Callable[[str], Awaitable[str]]:
    @functools.wraps(function)
    def wrapper(word: str) -> Awaitable[str]:
        return function(word)

    return wrapper


def hidden(word: str) -> Awaitable[str]:
    return on_loop(word)


@pytest.mark.parametrize(
    "function",
    [
        plain,
        on_loop,
        Callable_(),
        traced(on_loop),
        hidden,
        functools.partial(plain),
        functools.partial(on_loop),
        functools.partial(Callable_()),
        str.upper,
    ],
)
async def test_what_is_async_is_awaited_however_it_is_wrapped(
    function: Callable[..., object],
) -> None:
    assert await UserFunction(function, "f").call(str, "word") == "WORD"


async def test_arguments_may_have_names() -> None:
    function = UserFunction(plain, "f")

    assert await function.call(str, named=lambda: {"word": "a"}) == "A"


async def test_the_result_is_made_where_the_function_is() -> None:
    def ident(_: object) -> int:
        return threading.get_ident()

    assert await UserFunction(plain, "f").call(ident, "a") != threading.get_ident()
    assert await UserFunction(on_loop, "f").call(ident, "a") == threading.get_ident()


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("function", [generator, async_generator, functools.partial(generator)])
def test_a_generator_is_recognised(function: Callable[..., object]) -> None:
    assert is_generator(function)


@pytest.mark.parametrize("function", [plain, on_loop])
def test_other_functions_are_not_generators(function: Callable[..., object]) -> None:
    assert not is_generator(function)
