"""What type checkers are told of converted fields is what they are when a program runs."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from parallel_agents.core import agent, session, tool
from parallel_agents.core.budget import Budget, BudgetByName, OnLimitName
from parallel_agents.core.filter import RunStatusName
from parallel_agents.core.limits import Limits, LimitsByName
from parallel_agents.core.on_stuck import OnStuckName
from parallel_agents.core.plan import RunIfName
from parallel_agents.core.sandbox import SandboxName
from parallel_agents.core.task import OnFailureName
from parallel_agents.core.tier import TierName
from parallel_agents.core.verbs import SteerModeName, UntilName
from parallel_agents.flows.function import OnChangeName
from parallel_agents.maps.source import FormatName
from parallel_agents.views.exports.tree import ExportFormName


@pytest.mark.parametrize(
    "named",
    [
        *(agent.NeedName, agent.StartName, agent.ThinkingLevelName),
        *(session.CleanupName, session.ModeName),
        *(tool.AccessName, tool.EffectName),
        *(FormatName, OnChangeName, OnFailureName, OnLimitName, OnStuckName, RunIfName),
        *(ExportFormName, RunStatusName, SandboxName, SteerModeName, TierName, UntilName),
    ],
)
def test_the_names_of_an_enum_are_those_of_its_members(named: Any) -> None:
    (members,) = (part for part in get_args(named) if isinstance(part, type))
    (names,) = (part for part in get_args(named) if get_origin(part) is Literal)

    assert issubclass(members, Enum)
    assert list(get_args(names)) == [member.value for member in members]


@pytest.mark.parametrize(("made", "by_name"), [(Limits, LimitsByName), (Budget, BudgetByName)])
def test_a_dictionary_has_the_names_of_the_value_that_it_stands_for(
    made: type[Any], by_name: type[Any]
) -> None:
    assert list(get_type_hints(by_name)) == [field.name for field in fields(made)]
