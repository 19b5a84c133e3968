"""How a session is forked is checked from the moment it is said."""

from __future__ import annotations

import pytest

from parallel_agents.core.fork import Fork
from parallel_agents.errors import InvalidInput


def test_there_is_no_turn_before_zero() -> None:
    with pytest.raises(InvalidInput) as refused:
        Fork(at=-1)

    assert refused.value.message == "there is no turn -1"
    assert Fork(at=0).at == 0
