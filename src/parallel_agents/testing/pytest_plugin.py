"""Fixtures for tests of agents; pytest loads this module wherever the package is installed.

It imports only pytest and a package that loads its parts on first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from parallel_agents import testing


@pytest.fixture
def scripted_model() -> Iterator[testing.MakeScripted]:
    """Make models with `scripted_model(["first reply", "second reply"])`; all must be used up."""
    made: list[testing.ScriptedModel] = []

    def make(
        replies: testing.Script, name: str = "scripted/model", *, latency_seconds: float = 0.0
    ) -> testing.ScriptedModel:
        made.append(testing.ScriptedModel(replies, name, latency_seconds=latency_seconds))
        return made[-1]

    yield make
    for model in made:
        model.assert_used_up()


@pytest.fixture
def virtual_time() -> testing.RunVirtual:
    """Run a coroutine with `virtual_time(work())`; see `parallel_agents.testing.run_virtual`."""
    return testing.run_virtual


@pytest.fixture
def loopback_provider() -> Iterator[testing.StartProvider]:
    """Start model servers with `loopback_provider()` or `loopback_provider(Behaviour(...))`."""
    with ExitStack() as servers:

        def start(behaviour: testing.Behaviour | None = None) -> testing.LoopbackProvider:
            return servers.enter_context(testing.serve(behaviour or testing.Behaviour()))

        yield start
