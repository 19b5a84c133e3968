"""Plan reads: whether what a step's placeholders and conditions read can be there when it begins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from parallel_agents.core.agent import Agent
from parallel_agents.core.condition_fields import (
    RuledOut,
    kinds_below,
    kinds_of_answer,
    misfit,
    ruled_out,
    ruled_out_below,
    told_kinds,
)
from parallel_agents.core.cutting import head
from parallel_agents.core.expression import Path, expression
from parallel_agents.core.object_schema import properties, sure_names
from parallel_agents.core.plan import CREATED, Plan, Step
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown import shown as shorten
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.template import paths_in, texts_in, whole_name, whole_path, written
from parallel_agents.errors import InvalidInput

DECLARES_INPUTS = "`properties:` under `input:` declares one"
_OF_A_STEP = ("output", "status")
_OF_A_LOOP = ("output", "round")
_TEXT: JsonObject = {"type": "string"}
_ANYTHING: JsonObject = {"description": "of any type"}
_MOST_CHARACTERS = 120
_HOW = "write ${name} for an input, ${tasks.LABEL.output} for a result, and $$ for a dollar"


def _as_numbers(kinds: frozenset[str]) -> frozenset[str]:
    """JSON types without a difference between whole numbers and others: 3.0 is both."""
    return frozenset("number" if kind == "integer" else kind for kind in kinds)


def _named(path: Path) -> str:
    """A path in an error, in a length that can be read."""
    name = written(path)
    return name if len(name) <= _MOST_CHARACTERS else f"{head(name, _MOST_CHARACTERS)}…"


class Doubt(NamedTuple):
    """What was found to be wrong with a plan before; nothing is said that only follows from it.

    Attributes:
        steps: the ids of steps of which a field is wrong or missing.
        needs: the ids of steps of which it is not known what they need.
        has_labels: whether a label may be missing.
        has_inputs: whether the schema of the inputs could not be read.
    """

    steps: Collection[str]
    needs: Collection[str]
    has_labels: bool
    has_inputs: bool


class Reading:
    """What the steps of a plan may read.

    Args:
        agents: those of its steps that are known, by name.

    Attributes:
        unsure: the inputs of the plan that may have no value.
        doubt: what was found to be wrong with the plan before.
    """

    def __init__(self, plan: Plan, agents: Mapping[str, Agent], doubt: Doubt) -> None:
        self.doubt = doubt
        self._steps = plan.by_id
        self._schema = plan.input_schema
        self._inputs = properties(plan.input_schema)
        self._agents = agents
        self.unsure = self._inputs.keys() - sure_names(plan.input_schema)

    def check_templates(
        self, step: Step, before: set[str]
    ) -> Iterator[tuple[tuple[str, ...], InvalidInput]]:
        """What is wrong with the placeholders of a step, with the steps to their texts."""
        # Where one is all of an input of the task, that is left out without a value.
        rest = {k: v for k, v in step.input.items() if whole_name(v) not in self._inputs}
        texts: dict[str, Json] = {
            "text": step.text,
            "person": step.person,
            "approve": step.approve,
            "input": rest,
            "for_each": step.for_each,
        }
        for place, text in texts_in(texts):
            try:
                paths = paths_in(text)
            except ValueError as error:
                yield place, InvalidInput(str(error), hint=_HOW)
                continue
            is_inside = place[0] in ("text", "input", "person")
            for path in paths:
                if error := self._why_not(path, step, before, is_inside=is_inside):
                    yield place, error

    def check_when(self, step: Step, before: set[str]) -> InvalidInput | None:
        """Why the condition of a step is not valid."""
        try:
            paths = expression(step.when).paths
        except InvalidInput as error:
            return error
        found = [self._why_not(path, step, before, is_inside=False, form="{}") for path in paths]
        return next(filter(None, found), None) or misfit(step.when, self._kinds_at)

    def _kinds_at(self, path: Path) -> frozenset[str]:
        """The JSON types that what a condition reads may have."""
        if path[0] != "tasks":
            return kinds_below(path, self._schema)
        source, below = self._steps.get(str(path[1])) if path[1:] else None, path[3:]
        if path[2:3] == ("status",):
            return frozenset(("string",))
        if source is None or source.plan is not None:
            return kinds_below((), _ANYTHING)
        if source.for_each is not None:
            if not below:
                return frozenset(("array",))
            below = below[1:]
        schemas = self._schemas(source) or [_ANYTHING]
        return frozenset[str]().union(*(kinds_below(below, each or _TEXT) for each in schemas))

    def _schemas(self, step: Step) -> list[JsonObject | None]:
        """The schemas of whatever may answer a step, None for a text; empty if one is not known."""
        if step.create is not None:
            return [CREATED]
        agents = self.known_agents(step)
        if len(agents) < len(step.agents):
            return []
        schemas: list[JsonObject | None] = [agent.output_schema for agent in agents]
        return [*schemas, None] if step.person else schemas

    def check_until(self, condition: str, step: Step) -> InvalidInput | None:
        """Why no answer could satisfy the condition of a step's loop."""
        reads = f"the condition {condition} reads"
        paths = expression(condition).paths
        if step.plan is not None:
            found = (
                _cannot(f"{reads} {_named(p)}", _ruled_out_of_plan(step.plan, p)) for p in paths
            )
            return next(filter(None, found), None)
        schemas = self._schemas(step)
        for path in paths if schemas else ():
            found = [ruled_out(path, schema) for schema in schemas]
            if None not in found:
                return _cannot(f"{reads} {_named(path)}", found[0])
        unfit = [misfit(condition, partial(kinds_of_answer, schema=each)) for each in schemas]
        return unfit[0] if unfit and None not in unfit else None

    def known_agents(self, step: Step) -> list[Agent]:
        """The agents of a step, without those that were not found."""
        found = [self._agents.get(name) for name in step.agents]
        return [agent for agent in found if agent is not None]

    def check_list(self, step: Step, before: set[str]) -> InvalidInput | None:
        """Why what `for_each` names is not a list."""
        if isinstance(step.for_each, list | tuple):
            return None
        path = whole_path(step.for_each)
        if path is None:
            return InvalidInput(
                "'for_each' is neither a list nor one placeholder",
                hint="write `for_each: ${tasks.LABEL.output.FIELD}`, or a list",
            )
        if path[0] == "tasks" and path[1:2] and path[1] not in before:
            return None  # it is told where placeholders are checked
        kinds = self._kinds_at(path)
        if "array" in kinds:
            return None
        return InvalidInput(
            f"'for_each' needs a list, and ${{{_named(path)}}} is {told_kinds(kinds)}",
            hint="name a list; an agent whose output is text needs an output schema with one",
        )

    def check_kinds(
        self, step: Step, taken: JsonObject, taker: str, before: set[str]
    ) -> Iterator[tuple[str, InvalidInput]]:
        """Inputs of a step that are a result or an input as a whole, of a type that is not taken.

        Args:
            step: gives them.
            taken: the schema of what the taker takes.
            taker: the name of the agent or the plan, for errors.
            before: the ids of the steps that end before it.
        """
        for name, value in step.input.items():
            path = whole_path(value)
            if path is None or not self._is_known(path, before):
                continue
            given, wanted = self._kinds_at(path), kinds_below((name,), taken)
            if _as_numbers(given).isdisjoint(_as_numbers(wanted)):
                whole = f"${{{_named(path)}}}"
                around = f'write text around it, as in `{name}: "The results: {whole}"`, or '
                yield (
                    name,
                    InvalidInput(
                        f"{name!r} of {taker} is {told_kinds(wanted)}, and {whole} is {told_kinds(given)}",
                        hint=f"{around if 'string' in wanted else ''}name a field that fits",
                    ),
                )

    def _is_known(self, path: Path, before: set[str]) -> bool:
        """Whether what is at a path, and its type, can be said before it is there."""
        if path[0] == "tasks":
            return len(path) > 1 and path[1] in before
        return path[0] in self._inputs and not self.doubt.has_inputs

    def _why_not(
        self, path: Path, step: Step, before: set[str], *, is_inside: bool, form: str = "${{{}}}"
    ) -> InvalidInput | None:
        """Why what a step reads is not there; `is_inside` says whether its item and its round are."""
        first = path[0]
        shown = form.format(_named(path))
        if first == "tasks":
            return self._why_no_result(path, shown, step, before)
        if first == "item" and is_inside and step.for_each is not None:
            return None
        if first == "loop" and is_inside and step.loop is not None:
            if len(path) > 1 and path[1] in _OF_A_LOOP:
                return None
            return InvalidInput(
                f"{shown} is not a part of a loop", hint="use ${loop.output} or ${loop.round}"
            )
        if first in ("item", "loop"):
            if step.id in self.doubt.steps:
                return None
            needed = "for_each" if first == "item" else "loop"
            return InvalidInput(
                f"{shown} has no value here",
                hint=f"it is for the text and the input of a task with `{needed}:`",
            )
        return self._why_no_input(path, shown)

    def _why_no_input(self, path: Path, shown: str) -> InvalidInput | None:
        name = str(path[0])
        if self.doubt.has_inputs:
            return None
        if name not in self._inputs:
            if name in self._steps:
                hint = f"the result of that task is ${{tasks.{name}.output}}"
            else:
                hint = did_you_mean(name, self._inputs, DECLARES_INPUTS)
            return InvalidInput(f"{shown} is not an input of this team", hint=hint)
        if name in self.unsure:
            return InvalidInput(
                f"{shown} may have no value",
                hint=f"list {name!r} under `required:`, or give it a `default:`",
            )
        return _cannot(f"this reads {shown}", ruled_out_below(path, self._schema))

    def _why_no_result(
        self, path: Path, shown: str, step: Step, before: set[str]
    ) -> InvalidInput | None:
        id = path[1] if len(path) > 1 else ""
        if id not in self._steps:
            if self.doubt.has_labels or id in step.needs:
                return None
            others = [other for other in self._steps if other != step.id]
            return InvalidInput(
                f"{shown} is the result of no task: there is no label {shorten(id)}",
                hint=did_you_mean(str(id), others),
            )
        if len(path) < 3 or path[2] not in _OF_A_STEP:
            return InvalidInput(
                f"{shown} is not a part of a task's result",
                hint=f"write tasks.{id}.output, or tasks.{id}.status",
            )
        if id not in before:
            if step.id in self.doubt.needs:
                return None
            return InvalidInput(
                f"{shown} is the result of a task that {step.id!r} does not need",
                why="it may not have begun by then",
                hint=f"add {id!r} to `needs:`",
            )
        if path[2] == "status" or id in self.doubt.steps:
            return None
        source = self._steps[str(id)]
        found = self._ruled_out(source, path[3:], is_condition=not shown.startswith("$"))
        return _cannot(f"this reads {shown}", found)

    def _ruled_out(self, source: Step, path: Path, *, is_condition: bool) -> RuledOut | None:
        """Why a step's output has nothing at a path."""
        if source.for_each is not None and path:
            if isinstance(path[0], str):
                return RuledOut(path[:1], f"{source.id!r} has `for_each`, so its output is a list")
            path = path[1:]
        if not path:
            return None
        if source.plan is not None:
            return _ruled_out_of_plan(source.plan, path)
        found = [
            ruled_out_below(path, schema, is_condition=is_condition)
            for schema in self._schemas(source)
        ]
        return found[0] if found and None not in found else None


def _ruled_out_of_plan(plan: Plan, path: Path) -> RuledOut | None:
    last = tuple(step.id for step in plan.last)
    if path[0] in last:
        return None
    return RuledOut(path[:1], f"the output of {plan.name} has only {', '.join(last)}", last)


def _cannot(what: str, found: RuledOut | None) -> InvalidInput | None:
    if found is None:
        return None
    close = did_you_mean(str(found.path[-1]), found.fields) if found.fields else ""
    step = found.path[-1]
    whole = f", or leave out .{step}" if isinstance(step, str) and "${" in what else ""
    hint = close or f"name a field of the agent's output schema{whole}"
    return InvalidInput(f"{what}, which no answer can have", why=found.why, hint=hint)
