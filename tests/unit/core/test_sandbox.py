"""Whoever requires a sandbox has one, and nobody below gets less."""

from __future__ import annotations

import itertools

import pytest

from parallel_agents.core.sandbox import Sandbox, of_commands, of_gates, settled

INHERIT, REQUIRE, OFF = Sandbox.INHERIT, Sandbox.REQUIRE, Sandbox.OFF


@pytest.mark.parametrize(
    ("task", "agent", "above", "expected"),
    [
        (INHERIT, INHERIT, INHERIT, INHERIT),
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


@pytest.mark.parametrize(
    ("settled", "expected"), [(INHERIT, REQUIRE), (REQUIRE, REQUIRE), (OFF, OFF)]
)
def test_what_a_model_chooses_to_run_needs_a_sandbox_unless_it_is_off(
    settled: Sandbox, expected: Sandbox
) -> None:
    assert of_commands(settled) is expected


@pytest.mark.parametrize(
    ("settled", "may_write", "expected"),
    [
        (INHERIT, False, OFF),
        (INHERIT, True, REQUIRE),
        (REQUIRE, False, REQUIRE),
        (OFF, True, OFF),
    ],
)
def test_a_gate_needs_a_sandbox_if_it_could_run_what_the_session_wrote(
    settled: Sandbox, may_write: bool, expected: Sandbox
) -> None:
    assert of_gates(settled, may_write=may_write) is expected
