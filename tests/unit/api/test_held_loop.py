"""Whether a call is awaited is read from code, and never guessed from code that is not understood."""

from __future__ import annotations

import dis
from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, strategies as st

from parallel_agents.api.held_loop import is_awaited

_AWAIT = dis.opmap["GET_AWAITABLE"]


async def _awaits(call: Any) -> object:
    return [await call(1, key=2), call(3)]


async def _awaits_unpacked(call: Any) -> object:
    return [await call(*[1], *[2]), call(3)]


def _calls(code: CodeType) -> list[int]:
    """Where the two calls are; what else is called like one is part of every coroutine."""
    steps = [step for step in dis.get_instructions(code) if step.opname.startswith("CALL")]
    return [step.offset for step in steps if not step.opname.startswith("CALL_INTRINSIC")]


@pytest.mark.parametrize("function", [_awaits, _awaits_unpacked])
def test_a_call_is_awaited_if_an_await_is_the_next_thing_done(function: Callable[..., Any]) -> None:
    code = function.__code__
    assert [is_awaited(code.co_code, at) for at in _calls(code)] == [True, False]


@given(st.lists(st.integers(0, 255).filter(lambda code: code != _AWAIT)), st.integers(-1, 99))
def test_of_foreign_code_no_call_is_awaited(codes: list[int], at: int) -> None:
    assert not is_awaited(bytes(codes), at)
