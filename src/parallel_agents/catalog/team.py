"""Team: tasks of several agents under a name, with inputs that each run fills in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import Gate, Refine
from parallel_agents.core.json_example import example_of_input
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import defaults, properties, required
from parallel_agents.core.plan import Plan
from parallel_agents.core.schema import Json, JsonObject, Schema
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.task import OnFailure, Task
from parallel_agents.core.template import fill_input, fill_text
from parallel_agents.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTemplate:
    """A task with placeholders in its text and in its input; the fields are those of a Task.

    Attributes:
        label: unique in the team; it is also the task's key.
        model: overrides the team's.
    """

    agent: Agent
    label: str
    text: str
    input: JsonObject
    model: str | None = None
    ladder: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    refine: Refine | None = None
    budget: Budget = NO_BUDGET


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A definition of a team, read from a file of the catalog.

    Attributes:
        input_schema: JSON Schema of an object whose properties are the team's inputs.
        limits: the most tasks at once, and the time limit of the team.
        model: `provider/model` for tasks that name none, or None to use each agent's.
        budget: the most that all tasks together may spend.
        on_failure: what happens to the other tasks when one fails.
        min_done: how many tasks must end in done, or the team has failed.
        plan: the tasks of a file in which they need each other; then `tasks` is empty.
    """

    name: str
    description: str
    input_schema: JsonObject
    tasks: tuple[TaskTemplate, ...]
    limits: Limits = Limits()
    model: str | None = None
    budget: Budget = NO_BUDGET
    on_failure: OnFailure = OnFailure.KEEP_GOING
    min_done: int | None = None
    plan: Plan | None = None

    @property
    def count(self) -> int:
        """How many tasks it has."""
        return len(self.tasks if self.plan is None else self.plan.steps)

    def filled(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """The inputs with the defaults of those that are not given.

        Raises:
            InvalidInput: an input is unknown, has no value and no default, or does not match its
                schema.
        """
        filled = {**defaults(self.input_schema), **values}
        self._check_names(filled)
        self._check_values(filled)
        return filled

    def tasks_for(self, values: Mapping[str, Json]) -> list[Task]:
        """The tasks for these inputs, in the order of the file.

        An input that is not given takes the default from its schema. Without one, the inputs of
        tasks that consist of it are left out.

        Raises:
            InvalidInput: an input is unknown, has no value and no default, or does not match its
                schema.
        """
        filled = self.filled(values)
        return [
            Task(
                task.agent,
                fill_text(task.text, filled),
                input=fill_input(task.input, filled),
                model=task.model or self.model,
                label=task.label,
                key=task.label,
                ladder=task.ladder,
                gates=task.gates,
                refine=task.refine,
                budget=task.budget,
            )
            for task in self.tasks
        ]

    def _check_names(self, values: Mapping[str, Json]) -> None:
        known = properties(self.input_schema)
        unknown = [name for name in values if name not in known]
        if unknown:
            raise InvalidInput(
                f"the team {self.name} has no input {unknown[0]!r}",
                hint=did_you_mean(unknown[0], known),
            )
        missing = [name for name in required(self.input_schema) if name not in values]
        if missing:
            raise InvalidInput(
                f"the team {self.name} needs {_listed(missing)}",
                hint=f"add {' '.join(self._example(name) for name in missing)}",
            )

    def _check_values(self, values: Mapping[str, Json]) -> None:
        problems = Schema(self.input_schema).problems(values)
        if problems:
            name = problems[0].where.partition("/")[0]
            raise InvalidInput(
                f"the team {self.name} does not accept this input: {problems[0]}",
                why="; ".join(str(problem) for problem in problems[1:]),
                hint=f"write, for example, {self._example(name)}" if name else "correct the input",
            )

    def _example(self, name: str) -> str:
        return f"--input {example_of_input(self.input_schema, name).option}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
