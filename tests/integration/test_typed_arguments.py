"""What type checkers take of a program is taken when it runs, and what they refuse is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parallel_agents.errors import InvalidInput
from tests.integration.typed_arguments import ABSENT, REFUSED, taken


def test_what_type_checkers_take_is_taken() -> None:
    assert len(taken()) == 11


@pytest.mark.parametrize("make", REFUSED)
def test_what_type_checkers_refuse_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput):
        make()


@pytest.mark.parametrize("read", ABSENT)
def test_a_name_that_type_checkers_do_not_know_is_not_there(read: Callable[[], object]) -> None:
    with pytest.raises(AttributeError):
        read()
