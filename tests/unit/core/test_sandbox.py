"""Whoever requires a sandbox has one, and nobody below gets less."""

from __future__ import annotations

import itertools

import pytest

from parallel_agents.core.sandbox import Sandbox, settled

INHERIT, REQUIRE, OFF = Sandbox.INHERIT, Sandbox.REQUIRE, Sandbox.OFF


@pytest.mark.parametrize(
    ("task", "agent", "above", "expected"),
    [
        (INHERIT, INHERIT, INHERIT, REQUIRE),
        (INHERIT, INHERIT, OFF, OFF),
        (INHERIT, INHERIT, REQUIRE, REQUIRE),
        (OFF, INHERIT, INHERIT, OFF),
        (INHERIT, OFF, INHERIT, OFF),
        (OFF, REQUIRE, INHERIT, REQUIRE),
        (REQUIRE, OFF, OFF, REQUIRE),
        (OFF, OFF, REQUIRE, REQUIRE),
    ],
)
def test_it_is_off_only_if_somebody_says_so_and_nobody_requires_it(
    task: Sandbox, agent: Sandbox, above: Sandbox, expected: Sandbox
) -> None:
    assert settled(task, agent, above=above) is expected


def test_a_child_is_never_weaker_than_its_parent() -> None:
    for task, agent in itertools.product(Sandbox, repeat=2):
        assert settled(task, agent, above=REQUIRE) is REQUIRE


def test_it_is_always_settled() -> None:
    found = {settled(*own, above=above) for *own, above in itertools.product(Sandbox, repeat=3)}

    assert found == {REQUIRE, OFF}
