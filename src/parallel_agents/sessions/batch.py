"""Batch: several items in one call of an agent, each answer held to its schema by itself.

What the call leaves out or gets wrong is asked again, each item in a session of its own, so a batch
gives what single runs would, at less cost where the instructions are long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from parallel_agents.core.agent import Agent
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject, compiled, find_json
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.service import Service

_MOST_OUTPUT_TOKENS = 4096
_WORDS = (
    "You are given several items. Do what your instructions say for each of them by itself, as if "
    "the others were not there, and give one answer for each, under the item's number."
)
_ANY: JsonObject = {
    "type": "object",
    "properties": {"answers": {"type": "array"}},
    "required": ["answers"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What became of one item.

    Attributes:
        output: the answer, which fits the agent's schema; None, or a part, where there is none.
        result: of the run that gave it, which may have given others, too.
        is_single: the item had a run of its own.
    """

    output: Json
    result: Result
    is_single: bool

    @property
    def status(self) -> RunStatus:
        """Done where there is an answer, also when the run gave none for another item."""
        return self.result.status if self.is_single else RunStatus.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """An item's result for each item, in order, and all runs that were made for them."""

    items: tuple[ItemResult, ...]
    runs: tuple[Result, ...]

    @property
    def spend(self) -> Spend:
        return sum((run.spend for run in self.runs), Spend())


class _Part(NamedTuple):
    """Some items of a batch, from number `first` on."""

    first: int
    items: Sequence[str]


class Batch:
    """An agent that is asked for several items at once.

    Args:
        service: the verbs.
        agent: does the work; its input is text alone.
        key: names the batch; the same key continues where it stopped.
        model: `provider/model`, or None to go by the agent and the settings.
    """

    def __init__(self, service: Service, agent: Agent, *, key: str, model: str | None) -> None:
        self._agent = agent
        self._service = service
        self._key = key
        self._model = model

    async def run(self, items: Sequence[str], *, size: int) -> BatchResult:
        """An answer for each item, `size` of them in a call; what fails is a result, too.

        Raises:
            InvalidInput: a size below 1.
        """
        if size < 1:
            raise InvalidInput(f"a batch of {size} items in a call", hint="give it at least one")
        parts = [_Part(n, items[n : n + size]) for n in range(0, len(items), size)]
        asked = [part for part in parts if len(part.items) > 1]
        together = await self._ask([self._together(part) for part in asked])
        answered: dict[int, ItemResult] = {}
        for part, given in zip(asked, together, strict=True):
            for n, output in split(given.text, self._agent.output_schema).items():
                if n < len(part.items):
                    item = ItemResult(output=output, result=given, is_single=False)
                    answered[part.first + n] = item
            await self._forget(given)
        alone = [n for n in range(len(items)) if n not in answered]
        singles = await self._ask([self._alone(n, items[n]) for n in alone])
        for n, given in zip(alone, singles, strict=True):
            answered[n] = ItemResult(output=given.output, result=given, is_single=True)
        return BatchResult(
            items=tuple(answered[n] for n in range(len(items))), runs=(*together, *singles)
        )

    async def _ask(self, tasks: Sequence[Task]) -> list[Result]:
        spawned = [await self._service.spawn(task) for task in tasks]
        return await self._service.wait([one.run_id for one in spawned]) if spawned else []

    async def _forget(self, together: Result) -> None:
        """A call for many that failed is no dead letter: each item is asked for by itself."""
        if not together.is_done:
            letters = await self._service.dead_letters(DeadLetterFilter(run=together.run_id))
            await self._service.drop(letters)

    def _together(self, part: _Part) -> Task:
        listed = "\n\n".join(f"## Item {n}\n{text}" for n, text in enumerate(part.items, start=1))
        label = f"{self._agent.name}-{part.first + 1}-to-{part.first + len(part.items)}"
        return Task(
            for_many(self._agent, len(part.items)),
            listed,
            model=self._model,
            key=f"{self._key}/{label}",
            label=label,
        )

    def _alone(self, place: int, text: str) -> Task:
        label = f"{self._agent.name}-{place + 1}"
        key = f"{self._key}/{label}"
        return Task(self._agent, text, model=self._model, key=key, label=label)


def for_many(agent: Agent, count: int) -> Agent:
    """The agent as it is asked for several items: its answer is a list of its own answers."""
    schema = dict(agent.output_schema or {"type": "string"})
    # What `#/$defs/...` points to is found from the root of the whole.
    definitions = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
    answer: JsonObject = {
        "type": "object",
        "properties": {"item": {"type": "integer"}, "answer": schema},
        "required": ["item", "answer"],
        "additionalProperties": False,
    }
    own = agent.limits.max_output_tokens
    most = None if own is None else max(own, min(own * count, _MOST_OUTPUT_TOKENS))
    return replace(
        agent,
        instructions=f"{agent.instructions}\n\n{_WORDS}",
        limits=Limits(max_output_tokens=most).over(agent.limits),
        output_schema={
            **definitions,
            "type": "object",
            "properties": {"answers": {"type": "array", "items": answer}},
            "required": ["answers"],
            "additionalProperties": False,
        },
    )


def split(text: str, schema: JsonObject | None) -> dict[int, Json]:
    """The answers in a reply for many that fit the schema of one, by place from 0.

    What cannot be read, does not fit, or is there twice and not the same, is left out.
    """
    try:
        found = find_json(text, compiled(_ANY))
    except ValueError:
        return {}
    listed = found.get("answers") if isinstance(found, Mapping) else None
    fits = compiled(schema or {"type": "string"})
    answers: dict[int, Json] = {}
    unsure: set[int] = set()
    for entry in listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ():
        number = entry.get("item") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or type(number) is not int or number < 1:
            continue
        answer = entry.get("answer")
        if fits.problems(answer) or answer == "":
            continue
        if number - 1 in answers and answers[number - 1] != answer:
            unsure.add(number - 1)
        answers[number - 1] = answer
    return {place: answer for place, answer in answers.items() if place not in unsure}
