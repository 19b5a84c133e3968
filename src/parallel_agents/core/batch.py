"""Batch: several items in one task of an agent, each with an answer of its own under its number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple, TypeAlias

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.example import Example
from parallel_agents.core.gate import Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import task_text
from parallel_agents.core.output import Accepted, Rejected, check_output
from parallel_agents.core.schema import Json, JsonObject, as_written, compiled, find_json
from parallel_agents.core.takers import Rule
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import BatchRefused

MOST_ITEMS = 100
BatchSize: TypeAlias = Annotated[
    int, Rule(f"from 1 to {MOST_ITEMS}", range(1, MOST_ITEMS + 1).__contains__)
]
# What models of today write in one reply; a larger limit is used as it is.
_MOST_OUTPUT_TOKENS = 16_384
_TASK, _INPUT = "task", "input"
_HEADING = "Do these {count} tasks, each by itself."
_ANSWER = "answer"
_ANY_TEXT: JsonObject = {"type": "string", "minLength": 1}
_ANY_OBJECT: JsonObject = {"type": "object"}
_ASKS = frozenset({"ask_human"})
_GUIDE = (
    "You are given {items} at once, each under its number. Do what your instructions say for "
    "each of them by itself, as if the others were not there. Answer with one JSON object that has "
    "the answer for each item under the same number, {which}: all of them, each once."
)


class Item(NamedTuple):
    """One item of a batch.

    Attributes:
        text: what its own task would say.
        input: what the input of that task would be.
    """

    text: str
    input: JsonObject

    @property
    def task(self) -> str:
        """The first message that its own run would begin with."""
        return task_text(self.text, self.input)


class BatchTask(NamedTuple):
    """The text and the input of a task with several items."""

    text: str
    input: JsonObject


def batch_of(items: Sequence[Item]) -> BatchTask:
    """Several items as one task; a text that all of them have is in it once."""
    texts = {item.text for item in items}
    has_input = any(item.input for item in items)
    if len(texts) == 1 and has_input:
        return BatchTask(items[0].text, _numbered([item.input for item in items]))
    text = _HEADING.format(count=len(items))
    if not has_input:
        return BatchTask(text, _numbered([item.text for item in items]))
    return BatchTask(text, _numbered([{_TASK: i.text, _INPUT: i.input} for i in items]))


def examples_of_batch(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Examples as one of a batch, whose items they are; none of none."""
    if not examples:
        return ()
    task = batch_of([Item(each.text, each.input) for each in examples])
    return (Example(task.text, _numbered([each.output for each in examples]), input=task.input),)


def items_of(text: str, values: JsonObject) -> dict[str, Item]:
    """The items of a task that `batch_of` has made, by their numbers."""
    has_own = text == _HEADING.format(count=len(values))
    return {number: _item(text, value, has_own=has_own) for number, value in values.items()}


def _item(text: str, value: Json, *, has_own: bool) -> Item:
    """An item that is a text; one with a text of its own and an input; or an input alone."""
    if not isinstance(value, Mapping):
        return Item(str(value), {})
    given = value.get(_INPUT)
    if has_own and isinstance(given, Mapping):
        return Item(str(value.get(_TASK)), given)
    return Item(text, value)


def _numbered(values: Sequence[Json]) -> JsonObject:
    return {str(number): value for number, value in enumerate(values, start=1)}


def numbers(count: int) -> list[str]:
    """The numbers of the items of a batch."""
    return [str(number) for number in range(1, count + 1)]


def open_items(count: int, accepted: Container[str]) -> list[str]:
    """The numbers of those items of a batch that are not done."""
    return [number for number in numbers(count) if number not in accepted]


def open_task(text: str, values: JsonObject, accepted: Container[str]) -> BatchTask:
    """What is left of a task that `batch_of` has made, without the items that are done."""
    left = {number: value for number, value in values.items() if number not in accepted}
    is_heading = text == _HEADING.format(count=len(values))
    return BatchTask(_HEADING.format(count=len(left)) if is_heading else text, left)


def answer_schema(agent: AnyAgent, names: Sequence[str]) -> JsonObject | None:
    """The schema of what an agent answers to the items with these numbers; none: an ordinary task.

    It depends on nothing else, so that providers compile it once. Each item is a required field of
    its own: an answer that leaves one out or has one too many does not match.
    """
    schema = agent.output_schema
    if not names:
        return schema
    return {
        "type": "object",
        "properties": {name: {"$ref": f"#/$defs/{_ANSWER}"} for name in names},
        "required": list(names),
        "additionalProperties": False,
        "$defs": _definitions(schema or _ANY_TEXT),
    }


def _definitions(schema: JsonObject) -> JsonObject:
    """The answer of one item as a definition, with its own definitions beside it."""
    own = schema.get("$defs")
    beside: JsonObject = own if isinstance(own, Mapping) and _ANSWER not in own else {}
    answer = {k: v for k, v in schema.items() if k != "$schema" and not (beside and k == "$defs")}
    moved = _moved({**beside, _ANSWER: answer}, is_beside=bool(beside))
    return moved if isinstance(moved, Mapping) else {}


def _moved(part: Json, *, is_beside: bool) -> Json:
    """A part of a schema whose references to its root point to the definition of an answer."""
    if isinstance(part, Mapping):
        return {
            name: _reference(value, is_beside=is_beside)
            if name == "$ref" and isinstance(value, str)
            else _moved(value, is_beside=is_beside)
            for name, value in part.items()
        }
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [_moved(each, is_beside=is_beside) for each in part]
    return part


def _reference(reference: str, *, is_beside: bool) -> str:
    is_own = reference == "#" or reference.startswith("#/")
    if not is_own or (is_beside and reference.startswith("#/$defs/")):
        return reference
    return f"#/$defs/{_ANSWER}{reference[1:]}"


def check_answer(text: str, agent: AnyAgent, names: Sequence[str]) -> Accepted | Rejected:
    """Whether a reply is an answer of the agent, or has exactly one for each item, by number."""
    checked = check_output(text, answer_schema(agent, names))
    if names and isinstance(checked, Accepted) and (twice := repeated(text, checked.output)):
        return Rejected(tuple(f"it has the item {number} more than once" for number in twice))
    return checked


def fitting_items(text: str, agent: AnyAgent, names: Sequence[str]) -> JsonObject:
    """Those answers of a reply that fit, although the reply as a whole does not, by number.

    An item that the reply has more than once has no answer.
    """
    try:
        found = find_json(text, compiled(_ANY_OBJECT))
    except ValueError:
        return {}
    if not isinstance(found, Mapping):
        return {}
    fits, twice = compiled(agent.output_schema or _ANY_TEXT), repeated(text, found)
    return {
        name: found[name]
        for name in names
        if name in found and name not in twice and not fits.problems(found[name])
    }


def repeated(text: str, output: Json) -> list[str]:
    """The numbers of items that an answer has more than once, which parsers of JSON pass over.

    Args:
        text: of the reply.
        output: what it was parsed to.
    """
    pairs: object = json.loads(as_written(text, output), object_pairs_hook=_Pairs)
    names = Counter(name for name, _ in pairs) if isinstance(pairs, _Pairs) else Counter[str]()
    return [name for name, count in names.items() if count > 1]


class _Pairs(list[tuple[str, object]]):
    """The fields of an object as they stand in a text."""


def guide(names: Sequence[str]) -> str:
    """What the instructions of an agent are followed by if its task has the items of these numbers."""
    if not names:
        return ""
    count = len(names)
    is_whole = list(names) == numbers(count)
    which = f"from 1 to {count}" if is_whole else ", ".join(names)
    return _GUIDE.format(items="1 item" if count == 1 else f"{count} items", which=which)


def limits_of_batch(own: Limits, count: int) -> Limits:
    """The limits of a run with so many items, by those of a run with one."""
    most = own.max_output_tokens
    if not count or most is None:
        return own
    return replace(own, max_output_tokens=max(most, min(most * count, _MOST_OUTPUT_TOKENS)))


def check_batch(agent: AnyAgent, *, refine: Refine | None, workspace: Workspace | None) -> None:
    """Refuse an agent whose work for several items cannot be told apart.

    Args:
        agent: does the work.
        refine: the loop of the task.
        workspace: that of the task.

    Raises:
        BatchRefused: the agent is refused; the error says why.
    """
    why = ""
    if refine and not agent.refine:
        raise BatchRefused(
            f"{agent.name} cannot be asked for several rows in one call and have each answer refined",
            why="a refine loop makes one answer better, and a batch has several",
            hint="leave out --refine, in Python refine=; or --batch, in Python batch= or size=",
        )
    if agent.refine:
        why = "a refine loop makes one answer better, and a batch has several"
    elif agent.policy.spawns:
        why = f"{agent.name} may spawn sessions, and nobody could tell for which row"
    elif workspace or agent.workspace:
        why = f"{agent.name} works in a folder, and its changes are of no row"
    elif _ASKS & set(agent.tools):
        why = f"{agent.name} may ask a person, and all rows would wait for the answer to one"
    if why:
        raise BatchRefused(
            f"{agent.name} cannot be asked for several rows in one call",
            why=why,
            hint="leave out --batch, in Python batch= (or pass size=1 to batch()); then each row has a "
            "call of its own",
        )
