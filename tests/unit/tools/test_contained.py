"""Whatever a tool of the program raises is text for the model."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.containment.calls import Raised
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolContext, ToolSpec
from parallel_agents.errors import StoreFull
from parallel_agents.tools.contained import ContainedTool

CONTEXT = ToolContext(SessionKey("s"), RunId("r"))


class Own:
    """A tool that is not made of a function."""

    spec = ToolSpec("own", "", {})

    def __init__(self, made: object) -> None:
        self._made = made

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        if isinstance(self._made, BaseException):
            raise self._made
        return self._made  # pyright: ignore[reportReturnType]  # what a user may do


@pytest.mark.parametrize(
    "error",
    [SystemExit(1), asyncio.CancelledError(), ValueError("no"), StoreFull("another store")],
    ids=repr,
)
async def test_whatever_it_raises_is_raised_as_text(error: BaseException) -> None:
    with pytest.raises(Raised, match=type(error).__name__):
        await ContainedTool(Own(error)).call({}, CONTEXT)


async def test_a_value_that_is_not_text_becomes_text() -> None:
    assert await ContainedTool(Own({"a": 1})).call({}, CONTEXT) == '{"a":1}'


def test_it_has_the_spec_of_its_tool() -> None:
    assert ContainedTool(Own("")).spec is Own.spec
