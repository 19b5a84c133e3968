"""Map bodies: what a map and its rows are given as: names, texts and values, never code, commands or paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from parallel_agents.app.asked_map import Templates, wants_text
from parallel_agents.core.batch import MOST_ITEMS
from parallel_agents.core.budget import NO_BUDGET, Budget, OnLimit
from parallel_agents.core.gate import ConditionGate, Gate, JudgeGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import NotAtDistance
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, Source
from parallel_agents.maps.template import Template
from parallel_agents.surfaces.gateway.bodies import Positive
from parallel_agents.surfaces.gateway.given import Given

_Name = Annotated[str, Field(max_length=500)]
_Text = Annotated[str, Field(max_length=4_000_000)]


class RowsBody(Given):
    """Some of the rows of a map, before it is begun."""

    upload: Annotated[str, Field(max_length=64)]
    """Names these rows: 8 to 64 of the digits 0-9 and a-f."""
    first: Annotated[int, Field(ge=0)] = 0
    """How many bytes were sent before."""
    lines: Annotated[str, Field(max_length=14_000_000)]
    """JSON objects on lines; an end may be in the middle of a line."""


class MapBody(Given):
    """A map: an agent, what it gets of each row, and the rows."""

    agent: _Name
    """The agent that does each row."""
    key: _Name | None = None
    """Names the map: the same key again continues it."""
    text: _Text = ""
    """The task of each row, in which `{column}` stands for a value."""
    inputs: dict[_Name, _Text] = Field(default_factory=dict[str, str])
    """Inputs of the agent in the same form."""
    values: dict[_Name, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Inputs that are the same for all rows."""
    added: _Text = ""
    """A text that is added to the task of each row."""
    rows: Annotated[list[dict[str, JsonValue]], Field(max_length=100_000)] | None = None
    """The rows, if they are few; else `upload` names those that were sent."""
    upload: Annotated[str, Field(max_length=64)] = ""
    """The name under which the rows were sent."""
    sha256: Annotated[str, Field(max_length=64)] = ""
    """That of the bytes that were sent."""
    title: _Name = "the given rows"
    """What errors call the rows."""
    by: _Name = ""
    """The column by which rows are known; by default what is asked."""
    label: _Name = ""
    """The column that tables call a row by."""
    known: _Name = ""
    """The column that stands for that of `label` where a row is known by what is asked, such as for a file by any path."""
    hidden: Annotated[list[_Name], Field(max_length=100)] = Field(default_factory=list[str])
    """Columns that the results leave out."""
    form: Literal["jsonl", "csv"] = "jsonl"
    """How the results are written."""
    model: _Name | None = None
    """`provider/model`; by default that of the agent or of the settings."""
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """The most rows at once."""
    timeout_seconds: Positive | None = None
    """The time limit of each row."""
    cache_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Reuse a stored reply to the same request if it is no older."""
    batch: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 1
    """How many rows are asked in one call."""
    on_failure: Annotated[OnFailure, Field(strict=False)] = OnFailure.KEEP_GOING
    """What happens to the other rows when one fails."""
    conditions: Annotated[list[_Text], Field(max_length=50)] = Field(default_factory=list[str])
    """Conditions on each answer."""
    rubric: _Text | None = None
    """Criteria by which a judge scores each answer."""
    rounds: Annotated[int, Field(ge=1, le=20)] | None = None
    """The most versions of an answer to try until one passes."""
    reduce: _Name = ""
    """An agent that gets all answers in the end."""
    reduce_text: _Text = TEXT
    """What it is asked to do."""
    budget_usd: Positive | None = None
    """The most that all rows may cost."""
    budget_tokens: Annotated[int, Field(gt=0)] | None = None
    """The most tokens that they may use."""
    on_limit: Annotated[OnLimit, Field(strict=False)] | None = None
    """What a run does when the budget is used up."""
    tags: Annotated[list[_Name], Field(max_length=50)] = Field(default_factory=list[str])
    """What costs are told by."""

    @property
    def budget(self) -> Budget:
        found = Budget(usd=self.budget_usd, tokens=self.budget_tokens)
        if not found.is_bound:
            return NO_BUDGET
        return found if self.on_limit is None else replace(found, on_limit=self.on_limit)

    def templates(self, schema: JsonObject | None) -> Templates:
        """The inputs, as the agent takes them."""
        json_names = tuple(name for name in self.inputs if not wants_text(name, schema))
        return Templates({**self.inputs}, {**self.values}, json_names, self.added)

    def request(self, rows: Path, out: Path) -> MapRequest:
        """The map on these rows.

        Raises:
            InvalidInput: a value is out of range.
            NotAtDistance: a template would read files of the gateway's machine.
        """
        for name, template in {"the text": self.text, **self.inputs}.items():
            if found := Template.parse(template, where=name).of_files:
                raise NotAtDistance(
                    f"{name} reads files of the gateway's machine, named by {found[0]!r}",
                    why="a path in what is sent is never opened",
                    hint="send what the files have as a column, and write {column}",
                )
        gates: tuple[Gate, ...] = tuple(
            ConditionGate(condition=condition) for condition in self.conditions
        )
        judged = () if self.rubric is None else (JudgeGate(rubric=self.rubric),)
        source = Source(
            format=Format.JSONL,
            paths=(str(rows),),
            folder=str(rows.parent),
            title=self.title,
            label=self.label,
            known=self.known,
        )
        return MapRequest(
            agent=self.agent,
            text=self.text,
            key=self.by,
            source=source,
            out=str(out),
            on_failure=self.on_failure,
            reduce=self.reduce,
            reduce_text=self.reduce_text,
            gates=(*gates, *judged),
            refine=None if self.rounds is None else Refine(rounds=self.rounds),
            limits=Limits(timeout_seconds=self.timeout_seconds),
            cache_seconds=self.cache_seconds,
            batch=self.batch,
            hidden=tuple(self.hidden),
        )
