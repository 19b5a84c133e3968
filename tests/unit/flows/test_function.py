"""What a flow takes and returns is stored as JSON; what cannot be is refused by its name."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import FlowFunction


class Unstored:
    """What has no JSON."""


async def told(flow: Flow, progress: Callable[[str], None]) -> None: ...


async def locked(flow: Flow, topic: str, lock: threading.Thread) -> None: ...


async def framed(flow: Flow, frames: list[Unstored]) -> None: ...


async def found(flow: Flow) -> Unstored: ...


async def anything(flow: Flow, given: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (told, "its parameter progress: JSON cannot represent a function"),
        (locked, "its parameter lock: JSON cannot represent threading.Thread"),
        (framed, f"its parameter frames: JSON cannot represent {__name__}.Unstored"),
        (found, f"what it returns: JSON cannot represent {__name__}.Unstored"),
    ],
)
def test_a_type_that_has_no_json_is_named_with_its_parameter(
    function: Callable[..., Awaitable[object]], why: str
) -> None:
    with pytest.raises(InvalidInput, match="cannot be a flow") as caught:
        FlowFunction(function)

    assert caught.value.why == why
    assert "open what it names in a step" in caught.value.hint


@pytest.mark.parametrize("value", [print, [{"k": print}], Unstored()])
def test_a_value_that_has_no_json_is_named_with_its_parameter(value: object) -> None:
    with pytest.raises(InvalidInput, match="does not take this input") as caught:
        FlowFunction(anything).task({"given": value})

    assert caught.value.why.startswith("given: JSON cannot represent ")
    assert caught.value.hint == "it takes given; input is stored as JSON"


def test_an_open_file_is_not_read_in_place_of_being_stored() -> None:
    with (
        Path(__file__).open(encoding="utf-8") as file,
        pytest.raises(InvalidInput, match="does not take this input"),
    ):
        FlowFunction(anything).task({"given": [file]})
