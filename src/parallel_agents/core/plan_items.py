"""Plan items: for what the steps of a plan are done, as far as it is known before the plan begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.expression import Path
from parallel_agents.core.plan import MOST_ITEMS, Plan, Step, in_order
from parallel_agents.core.schema import Json, JsonObject, dereferenced
from parallel_agents.core.shown import shown
from parallel_agents.core.template import Misread, fill, paths_in, texts_in, whole_name, whole_path
from parallel_agents.errors import InvalidInput

_INNER = ("tasks", "item", "loop")


class Copies(NamedTuple):
    """A step that is done once for each of some items, or else once.

    Attributes:
        values: what each reads; None where that is not known before others have ended.
        number: how many there are; None if that is not known either.
        most: how many there may be.
    """

    values: tuple[Mapping[str, Json] | None, ...]
    number: int | None
    most: int


def copies_of(step: Step, values: Mapping[str, Json] | None, most: int) -> Copies:
    """How often a step is done in a plan with these inputs.

    Args:
        step: of a plan without problems.
        values: the inputs of the plan; None if they are not known.
        most: how many items the step may have, if their list is not known.

    Raises:
        InvalidInput: it has nothing to do for each, or too much.
        Misread: it reads a part that a value does not have.
    """
    if step.for_each is None:
        return Copies((values,), 1, 1)
    if values is None or not _is_known(step.for_each, values):
        if isinstance(step.for_each, list | tuple):
            number = len(step.for_each)
            return Copies((None,) * number, number, number)
        return Copies((None,), None, most)
    items = items_of(step, values)
    return Copies(tuple({**values, "item": item} for item in items), len(items), len(items))


def items_of(step: Step, values: Mapping[str, Json]) -> Sequence[Json]:
    """The items that a step with `for_each` is done for; none for null, the output of a step that was skipped.

    Raises:
        InvalidInput: it is no list, or too long.
        Misread: it reads a part that a value does not have.
    """
    items = fill(step.for_each, values)
    if items is None:
        return ()
    if not isinstance(items, list | tuple):
        raise InvalidInput(
            f"{step.id} has nothing to do for each: {shown(items)} is not a list",
            hint="`for_each` needs a list",
        )
    if len(items) > MOST_ITEMS:
        raise InvalidInput(
            f"{step.id} has {len(items):,} items", why=f"a task is done for up to {MOST_ITEMS:,}"
        )
    return items


def reads_only(step: Step, values: Mapping[str, Json]) -> bool:
    """Whether the task of a step reads nothing but these values; an input of it without one is left out."""
    given = {
        name: value
        for name, value in step.input.items()
        if (whole := whole_name(value)) is None or whole in values or whole in _INNER
    }
    return _is_known({"text": step.text, "input": given}, values)


def _is_known(template: Json, values: Mapping[str, Json]) -> bool:
    texts = [text for _, text in texts_in(template)]
    return all(path[0] in values for text in texts for path in paths_in(text))


def most_items(
    plan: Plan,
    values: Mapping[str, Json] | None,
    schemas: Mapping[str, Sequence[JsonObject | None]],
) -> dict[str, int]:
    """How many items each step of a plan may have at most, although its list is not known yet.

    Args:
        plan: without problems.
        values: the inputs of the plan; None if they are not known.
        schemas: of whatever may answer a step, by its id; None for a text.
    """
    steps = plan.by_id
    found = dict.fromkeys(steps, MOST_ITEMS)
    for id in in_order({step.id: step.needs for step in plan.steps}):
        try:
            copies = copies_of(steps[id], values, MOST_ITEMS)
        except (InvalidInput, Misread):
            continue
        most = _by_source(steps[id], steps, found, schemas)
        found[id] = most if copies.number is None else copies.number
    return found


def _by_source(
    step: Step,
    steps: Mapping[str, Step],
    found: Mapping[str, int],
    schemas: Mapping[str, Sequence[JsonObject | None]],
) -> int:
    """How many items the list may have that a step reads of another one."""
    path = whole_path(step.for_each)
    if path is None or len(path) < 3 or path[0] != "tasks" or path[2] != "output":
        return MOST_ITEMS
    if (source := steps.get(str(path[1]))) is None:
        return MOST_ITEMS
    below = path[3:]
    if source.for_each is not None:
        if not below:
            return found[source.id]
        below = below[1:]
    known = schemas.get(source.id, ())
    limits = [_limit(each, below) for each in known if each is not None]
    return min(max(limits, default=MOST_ITEMS), MOST_ITEMS)


def _limit(schema: JsonObject, path: Path) -> int:
    """How many items the list at a path has at most by its schema."""
    here = dereferenced(schema, schema)
    for each in path:
        below = here.get("items") if isinstance(each, int) else here.get("properties")
        if isinstance(each, str) and isinstance(below, Mapping):
            below = below.get(each)
        here = dereferenced(below, schema)
    most = here.get("maxItems")
    return most if isinstance(most, int) else MOST_ITEMS
