"""Request: what a map is asked to do, as the input of its run: JSON that any process can continue with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import OnFailure
from parallel_agents.maps.source import Source

MAP = "map"
_LABEL_CHARACTERS = 60
# These say what the work is: under one key, they cannot be others. All else may be asked for anew.
_IDENTITY = ("agent", "text", "inputs", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRequest:
    """One agent over many rows.

    Attributes:
        agent: the name of the agent that does each row's task.
        text: the template of the task's text.
        inputs: templates of the task's input, by name.
        key: the column by which rows are known; empty to know them by what is asked.
        source: where the rows come from.
        literals: inputs that are the same for all rows and have no placeholders, by name.
        json_inputs: the inputs that the agent takes as JSON and not as text.
        output_fields: the fields of the agent's answers, each a column of a CSV file of results.
        out: the absolute path of the file that the results are written to: `.jsonl` or `.csv`.
        on_failure: what happens to the other rows when one fails.
        reduce: the agent that gets all results in the end; empty for none.
        reduce_text: what it is asked to do.
        limit: the most rows, from the first; None for all.
        gates: checks that each answer must pass in addition to the agent's.
        refine: a loop that improves a rejected answer.
        limits: the limits of each row's run.
        cache_seconds: as for a task.
        batch: how many rows are asked in one call; 1 for a call for each.
        batch_tokens: the most tokens of a batch's rows with their answers; None if the context of
            the model is not known.
        hidden: columns that the file of results leaves out.
        rows: how many there were when they were checked; None if nobody has.
        digest: identifies the rows, and what is asked of each, as they were then.
    """

    agent: str
    text: str
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    key: str = ""
    source: Source
    literals: Mapping[str, Json] = field(default_factory=dict[str, Json])
    json_inputs: tuple[str, ...] = ()
    output_fields: tuple[str, ...] = ()
    out: str
    on_failure: OnFailure = OnFailure.KEEP_GOING
    reduce: str = ""
    reduce_text: str = ""
    limit: int | None = None
    gates: tuple[AnyGate, ...] = ()
    refine: Refine | None = None
    limits: Limits = Limits()
    cache_seconds: float | None = None
    batch: int = 1
    batch_tokens: int | None = None
    hidden: tuple[str, ...] = ()
    rows: int | None = None
    digest: str = ""

    def flow_task(
        self,
        *,
        model: str | None = None,
        max_parallel: int | None = None,
        budget: Budget = NO_BUDGET,
    ) -> FlowTask:
        """The run of this map; under the key of one that has ended it is a further one."""
        whole: JsonObject = orjson.loads(_adapter().dump_json(self))
        label = f"{MAP} {self.agent}"
        return FlowTask(
            name=MAP,
            label=label[:_LABEL_CHARACTERS],
            input={name: whole[name] for name in _IDENTITY},
            options={name: value for name, value in whole.items() if name not in _IDENTITY},
            model=model,
            max_parallel=max_parallel,
            budget=budget,
            is_rerun=True,
        )

    @classmethod
    def of(cls, task: FlowTask) -> MapRequest:
        """The map that a run is of.

        Raises:
            ValueError: it is of another version, and cannot be read.
        """
        names = {each.name for each in fields(cls)}
        given = {**task.input, **task.options}
        return _adapter().validate_python({n: v for n, v in given.items() if n in names})


@cache
def _adapter() -> TypeAdapter[MapRequest]:
    return TypeAdapter(MapRequest)
