"""Batch: several items in one model call of an agent, each answer checked against its schema.

An item whose answer is missing or wrong is run again in a session of its own. So a batch returns
what single runs would, at less cost if the instructions are long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple

from typing_extensions import override

from parallel_agents.core.agent import Agent, T_co
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.example import Example
from parallel_agents.core.limits import Limits
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.run import Answered, Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject, compiled, find_json
from parallel_agents.core.shown_results import MOST_SHOWN, cost_of, counts_of, grid_of, text_of
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.sessions.typed import typed_answer

_MAX_OUTPUT_TOKENS = 4096
_INSTRUCTIONS = (
    "You are given several items. Do what your instructions say for each of them by itself, as if "
    "the others were not there, and give one answer for each, under the item's number."
)
_ANY_ANSWERS: JsonObject = {
    "type": "object",
    "properties": {"answers": {"type": "array"}},
    "required": ["answers"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult(Answered[T_co]):
    """The result of one item.

    Attributes:
        output: the answer, which matches the agent's schema. If `status` is not done, it is
            a partial answer, or None; with an output type, reading it raises NoOutput then.
        output_json: the same as JSON or text, whatever the output type.
        result: the result of the run that answered, perhaps for other items as well.
        is_single: whether the item had a run of its own.
    """

    result: Result
    is_single: bool

    @property
    def status(self) -> RunStatus:
        """Done if the item has an answer, even if its run had none for another item."""
        return self.result.status if self.is_single else RunStatus.DONE

    @property
    def told(self) -> str:
        """The answer, or else why there is none."""
        if self.output_json not in (None, ""):
            return text_of(self.output_json)
        return self.result.shown.failure or "no output"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult(Generic[T_co]):
    """The results of a batch.

    Attributes:
        items: one result for each item, in the order of the items.
        runs: the results of all runs that the batch took.
    """

    items: tuple[ItemResult[T_co], ...]
    runs: tuple[Result, ...]

    @property
    def spend(self) -> Spend:
        return sum((run.spend for run in self.runs), Spend())

    @override
    def __repr__(self) -> str:
        return f"BatchResult({self._counts}, by {len(self.runs):,} runs, {self._cost})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """What `rich` prints."""
        yield "items", self._counts
        yield "runs", len(self.runs)
        yield "cost_usd", self.spend.cost_usd
        yield "results", list(self.items)

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of the items, in which nothing but text is from the model."""
        rows = [
            (f"{number:,}", str(item.status), item.told, item.result.label)
            for number, item in enumerate(self.items[:MOST_SHOWN], start=1)
        ]
        title = f"{self._counts}, by {len(self.runs):,} runs, {self._cost}"
        return grid_of(title, ("item", "status", "output", "run"), rows, total=len(self.items))

    @property
    def _counts(self) -> str:
        statuses = Counter(item.status for item in self.items)
        return counts_of(statuses.items(), len(self.items), "item")

    @property
    def _cost(self) -> str:
        return cost_of(self.spend.cost_usd, self.spend.simulated_usd)


class _Part(NamedTuple):
    """Consecutive items of a batch; `first` is the index of the first of them."""

    first: int
    items: Sequence[str]


class Batch(Generic[T_co]):
    """Asks an agent for several items at once.

    Args:
        service: the verbs.
        agent: does the work; its input is text alone.
        key: identifies the batch; the same key continues where it stopped.
        model: `provider/model`, or None to use the model from the agent or the settings.
        output_type: what its answers are instances of; None for JSON or text.
    """

    def __init__(
        self,
        service: SessionVerbs,
        agent: Agent,
        *,
        key: str,
        model: str | None,
        output_type: OutputType[T_co] | None = None,
    ) -> None:
        self._output_type = output_type
        self._agent = agent
        self._service = service
        self._key = key
        self._model = model

    async def run(self, items: Sequence[str], *, size: int) -> BatchResult[T_co]:
        """Run every item, up to `size` of them in one call; failures are returned as results."""
        parts = [_Part(n, items[n : n + size]) for n in range(0, len(items), size)]
        shared = [part for part in parts if len(part.items) > 1]
        together = await self._run([self._shared_task(part) for part in shared])
        answered: dict[int, ItemResult[T_co]] = {}
        for part, result in zip(shared, together, strict=True):
            for n, output in split(result.text, self._agent.output_schema).items():
                item = self._item(output, result, is_single=False)
                if n < len(part.items) and item.has_output:
                    answered[part.first + n] = item
            await self._drop_dead_letter(result)
        missing = [n for n in range(len(items)) if n not in answered]
        singles = await self._run([self._single_task(n, items[n]) for n in missing])
        for n, result in zip(missing, singles, strict=True):
            answered[n] = self._item(result.output_json, result, is_single=True)
        return BatchResult(
            items=tuple(answered[n] for n in range(len(items))), runs=(*together, *singles)
        )

    def _item(self, answer: Json, result: Result, *, is_single: bool) -> ItemResult[T_co]:
        kind = self._output_type
        made = None if kind is None else typed_answer(answer, kind, result)
        return ItemResult(output_json=answer, _typed=made, result=result, is_single=is_single)

    async def _run(self, tasks: Sequence[Task]) -> list[Result]:
        spawned = [await self._service.spawn(task) for task in tasks]
        return await self._service.wait([one.run_id for one in spawned]) if spawned else []

    async def _drop_dead_letter(self, shared: Result) -> None:
        """Drop the dead letter of a shared run that failed: its items are run again singly."""
        if not shared.is_done:
            dead_letters = await self._service.dead_letters(DeadLetterFilter(run=shared.run_id))
            await self._service.drop(dead_letters)

    def _shared_task(self, part: _Part) -> Task:
        label = f"{self._agent.name}-{part.first + 1}-to-{part.first + len(part.items)}"
        return Task(
            for_many(self._agent, len(part.items)),
            _listed(part.items),
            model=self._model,
            key=f"{self._key}/{label}",
            label=label,
        )

    def _single_task(self, index: int, text: str) -> Task:
        label = f"{self._agent.name}-{index + 1}"
        key = f"{self._key}/{label}"
        return Task(self._agent, text, model=self._model, key=key, label=label)


def for_many(agent: Agent, count: int) -> Agent:
    """The agent with an output schema for several items: a list of its own answers."""
    schema = dict(agent.output_schema or {"type": "string"})
    # `#/$defs/...` is resolved from the root of the whole schema.
    definitions = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
    answer: JsonObject = {
        "type": "object",
        "properties": {"item": {"type": "integer"}, "answer": schema},
        "required": ["item", "answer"],
        "additionalProperties": False,
    }
    own = agent.limits.max_output_tokens
    most = None if own is None else max(own, min(own * count, _MAX_OUTPUT_TOKENS))
    return replace(
        agent,
        instructions=f"{agent.instructions}\n\n{_INSTRUCTIONS}",
        examples=tuple(_in_list(example) for example in agent.examples),
        limits=Limits(max_output_tokens=most).over(agent.limits),
        output_schema={
            **definitions,
            "type": "object",
            "properties": {"answers": {"type": "array", "items": answer}},
            "required": ["answers"],
            "additionalProperties": False,
        },
    )


def _in_list(example: Example) -> Example:
    """An example as a list of one item, with the answer to it."""
    answers: Json = {"answers": [{"item": 1, "answer": example.output}]}
    return replace(example, text=_listed([example.text]), output=answers)


def _listed(items: Sequence[str]) -> str:
    return "\n\n".join(f"## Item {n}\n{text}" for n, text in enumerate(items, start=1))


def split(text: str, schema: JsonObject | None) -> dict[int, Json]:
    """The answers in a shared reply that match the schema of a single answer, by item index.

    Answers that cannot be parsed, do not match, or contradict each other are left out.
    """
    try:
        found = find_json(text, compiled(_ANY_ANSWERS))
    except ValueError:
        return {}
    listed = found.get("answers") if isinstance(found, Mapping) else None
    fits = compiled(schema or {"type": "string"})
    answers: dict[int, Json] = {}
    contradictory: set[int] = set()
    for entry in listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ():
        number = entry.get("item") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or type(number) is not int or number < 1:
            continue
        answer = entry.get("answer")
        if fits.problems(answer) or answer == "":
            continue
        if number - 1 in answers and answers[number - 1] != answer:
            contradictory.add(number - 1)
        answers[number - 1] = answer
    return {index: answer for index, answer in answers.items() if index not in contradictory}
