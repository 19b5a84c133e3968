"""A request for an agent is refused before anything is paid for, and is known by what it asks."""

from __future__ import annotations

import pytest

from parallel_agents.creating.created import CreateOptions, Wanted
from parallel_agents.creating.request import create_many_task, create_task, request_key
from parallel_agents.errors import InvalidInput

OPTIONS = CreateOptions()
WANTED = Wanted(name="sorter", purpose="Sorts.")


@pytest.mark.parametrize("name", ["../x", "", "a b", "X", "a" * 65, "x\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not the name"):
        create_task(Wanted(name=name, purpose="x"), OPTIONS)


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 4001])
def test_a_purpose_has_bounds(purpose: str) -> None:
    with pytest.raises(InvalidInput, match="purpose"):
        create_task(Wanted(name="sorter", purpose=purpose), OPTIONS)


def test_several_agents_have_different_names_and_a_bound() -> None:
    with pytest.raises(InvalidInput, match="wanted twice"):
        create_many_task([WANTED, WANTED], OPTIONS)
    with pytest.raises(InvalidInput, match="0 agents"):
        create_many_task([], OPTIONS)


def test_the_same_request_has_the_same_key() -> None:
    key = request_key(create_task(WANTED, OPTIONS))

    assert key == request_key(create_task(WANTED, OPTIONS))
    assert key != request_key(create_task(WANTED, CreateOptions(target=9)))
    assert key != request_key(create_task(WANTED, OPTIONS), "other files")
    assert key.startswith("sorter-")
