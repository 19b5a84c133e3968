"""Batch: several items in one model call of an agent, each with an answer of its own.

An item whose answer is missing or wrong is run again in a session of its own. So a batch returns
what single runs would, at less cost if the instructions are long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple

from typing_extensions import override

from parallel_agents.core.agent import Agent, AnyAgent, T_co
from parallel_agents.core.batch import Item, batch_of, fitting_items, numbers
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.dollars import cost_of
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.run import Answered, Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.shown_results import MOST_SHOWN, counts_of, grid_of, text_of
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.sessions.typed import typed_answer


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
class BatchResult(Frozen, Generic[T_co]):
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
        yield "cost", self._cost
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
        return cost_of(self.spend)


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
            for n, output in done_items(result, self._agent, len(part.items)).items():
                item = self._item(output, result, is_single=False)
                if item.has_output:
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
        count = len(part.items)
        label = f"{self._agent.name}-{part.first + 1}-to-{part.first + count}"
        asked = batch_of([Item(text, {}) for text in part.items])
        return Task(
            self._agent,
            asked.text,
            input=asked.input,
            model=self._model,
            key=f"{self._key}/{label}",
            label=label,
            options=SessionOptions(batch=count),
        )

    def _single_task(self, index: int, text: str) -> Task:
        label = f"{self._agent.name}-{index + 1}"
        key = f"{self._key}/{label}"
        return Task(self._agent, text, model=self._model, key=key, label=label)


def done_items(result: Result, agent: AnyAgent, count: int) -> dict[int, Json]:
    """The answers of a run to those of its items that are done, by index.

    In a run that is not done these are the items that all gates accepted. An agent without gates has
    those of the last reply, too, that match its schema.
    """
    accepted = {number: item.output for number, item in result.accepted_items.items()}
    both = {**_answered(result, agent, count), **accepted}
    return {int(number) - 1: both[number] for number in numbers(count) if number in both}


def _answered(result: Result, agent: AnyAgent, count: int) -> JsonObject:
    """The answers of the last reply, unless gates would still have to judge them."""
    if not result.is_done:
        return {} if agent.gates else fitting_items(result.text, agent, numbers(count))
    return result.output_json if isinstance(result.output_json, Mapping) else {}
