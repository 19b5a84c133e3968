"""A plan may use the agents that are named, or those that need nothing and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.errors import InvalidInput
from parallel_agents.orchestration.roster import ORCHESTRATOR, find_roster
from tests.unit.orchestration.parts import LISTER, WRITER


class OneModel(NamedTuple):
    model: str


class Known(NamedTuple):
    """The agents of a process that has one model."""

    all: tuple[Agent, ...]
    model: str = "bench/good"

    def agents(self) -> Sequence[Agent]:
        return self.all

    def agent(self, name: str) -> Agent:
        return next(each for each in self.all if each.name == name)

    def choose(self, agent: Agent, model: str | None) -> OneModel:
        return OneModel(model or self.model)


def named(name: str, *tools: str) -> Agent:
    return replace(WRITER, name=name, tools=tools)


KNOWN = Known(
    (
        WRITER,
        LISTER,
        named(ORCHESTRATOR),
        named("create_agent"),
        named("reader", "fetch"),
        named("changer", "write_file"),
    )
)


def found(known: Known = KNOWN, *names: str) -> list[str]:
    return [*find_roster(known, lambda _agent, _model: None, names, None).agents]


def test_agents_that_change_nothing_are_those_of_a_plan() -> None:
    assert found() == ["writer", "lister", "reader"]


def test_the_embedded_model_is_given_agents_that_write_texts() -> None:
    assert found(KNOWN._replace(model="local/small")) == ["writer"]


def test_an_agent_that_is_named_may_change_something() -> None:
    assert found(KNOWN, "changer") == ["changer"]


@pytest.mark.parametrize("name", [ORCHESTRATOR, "create_agent"])
def test_what_would_plan_again_or_means_a_new_agent_is_no_agent_of_a_plan(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be"):
        found(KNOWN, name)
