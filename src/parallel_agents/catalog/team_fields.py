"""Team fields: what a team file may have, and what each of its tasks may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue

from parallel_agents.catalog.agent_file import BudgetFields, Ladder, SetBudget
from parallel_agents.catalog.fields import NAME_PATTERN, Fields, NonEmpty
from parallel_agents.catalog.gate_fields import GateFields, RefineFields
from parallel_agents.core.schema import Json
from parallel_agents.core.task import OnFailure
from parallel_agents.core.texts import ModelName


class TaskFields(Fields):
    """One entry of `tasks`."""

    elsewhere = dict.fromkeys(
        ("timeout_seconds", "attempts", "max_turns", "max_output_tokens", "temperature", "tools"),
        "it is written in the agent's own file; `pagents docs agents` lists its fields",
    )
    agent: str
    text: NonEmpty
    label: NonEmpty | None = None
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    model: ModelName | None = None
    ladder: Ladder = ()
    gates: tuple[GateFields, ...] = ()
    refine: RefineFields | None = None
    budget: SetBudget = BudgetFields()


class HeadFields(Fields):
    """What is at the top of a file, above its tasks."""

    stand_ins: ClassVar[Mapping[str, Json]] = {
        "name": "unnamed",
        "description": "-",
        "tasks.agent": "-",
        "tasks.text": "-",
    }
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: NonEmpty
    input: dict[str, JsonValue] = Field(default_factory=lambda: {"type": "object"})
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    model: ModelName | None = None
    budget: SetBudget = BudgetFields()
    on_failure: OnFailure = OnFailure.KEEP_GOING
    min_done: Annotated[int, Field(ge=1)] | None = None


class TeamFields(HeadFields):
    """The file."""

    tasks: Annotated[list[TaskFields], Field(min_length=1)]
