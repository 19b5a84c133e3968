from __future__ import annotations

from types import SimpleNamespace

import pytest

from parallel_agents.core.attributes import values_of

_OBJECT = SimpleNamespace(a=1, b=None, c="x")


@pytest.mark.parametrize(("names", "values"), [([], ()), (["b"], (None,)), (["c", "a"], ("x", 1))])
def test_attributes_come_in_the_order_of_their_names(
    names: list[str], values: tuple[object, ...]
) -> None:
    assert values_of(names)(_OBJECT) == values
