"""Asked map: what a caller asks of a map, made a map of an agent, with all rows checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.app.batch_room import room_for_rows
from parallel_agents.app.client import Client
from parallel_agents.app.map_out import check_out, check_same, earlier_of, taken_out
from parallel_agents.core.agent import Agent
from parallel_agents.core.batch import check_batch
from parallel_agents.core.budget import Budget
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import SessionVerbs, Spawned
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.checking import CheckedRows, check_rows
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import PATH, Format
from parallel_agents.maps.template import escaped
from parallel_agents.sessions.requests import check_task

_TEXT = "Do your task for this input."
# Lists and reports show the start of a task's text, which is to say what its row is.
_TEXT_OF_FILE = f"Do your task for {{{PATH}}}."


class Templates(NamedTuple):
    """The inputs of a map.

    Attributes:
        texts: templates, by name.
        literals: values that are the same for all rows, by name.
        json_names: those that are JSON and not text, by what the agent takes.
        added: a text that is added to the task of each row.
    """

    texts: dict[str, str]
    literals: dict[str, Json]
    json_names: tuple[str, ...]
    added: str = ""


class CheckedMap(NamedTuple):
    """A map whose rows were checked.

    Attributes:
        rows: how many there are.
    """

    request: MapRequest
    rows: int
    first: Filled
    model: str | None


class AskedMap(NamedTuple):
    """What is asked for, before the agent is known.

    Attributes:
        name: identifies the map.
        request: the map without what depends on the agent.
        read_inputs: the templates of the inputs, for what the agent takes.
        model: for rows whose agent names none.
        max_parallel: the most rows at once.
        budget: the most that all rows may spend.
        how: what tells a caller how to say what the agent gets of a row.
    """

    name: str
    request: MapRequest
    read_inputs: Callable[[JsonObject | None], Templates]
    model: str | None
    max_parallel: int | None
    budget: Budget
    how: str

    async def checked(self, client: Client) -> CheckedMap:
        """The map, with its first row and how many it has, once all rows are checked.

        Raises:
            UnknownAgent: there is no such agent.
            InvalidInput: a row is not valid, or there is none; the error names the line. Or the
                results cannot be written where they are to be.
            BatchRefused: the agent cannot be asked for several rows in one call.
            Conflict: the map was begun with something else.
        """
        agent = client.agent(self.request.agent)
        request, first = self._of(agent), list[Filled]()
        earlier = await earlier_of(client, self.name)
        check_same(request, self.name, earlier)
        await asyncio.to_thread(check_out, request, self.name, earlier)

        if request.batch > 1:
            check_batch(agent.in_folder, refine=request.refine, workspace=None)

        def check(filled: Filled) -> None:
            check_task(filled.task, agent)
            if not first:
                first.append(filled)

        found: CheckedRows = await asyncio.to_thread(check_rows, request, self.model, check=check)
        if request.reduce:
            client.agent(request.reduce)
        if request.batch > 1:
            tokens = await room_for_rows(client, first[0].task, request.batch)
            request = replace(request, batch_tokens=tokens)
        request = replace(request, rows=found.count)
        flow = request.flow_task(model=self.model)
        await client.sessions.check([await client.sessions.plan_flow(flow, key=self.name)])
        return CheckedMap(request, found.count, first[0], self.model)

    async def begin(
        self,
        client: Client,
        request: MapRequest,
        verbs: SessionVerbs | None = None,
        tags: Sequence[str] = (),
    ) -> Spawned:
        """Begin a map that was checked, or continue it; with other `verbs` than the client's own, for somebody.

        Raises:
            InvalidInput: another map has taken the file of results.
            Conflict: the map was begun with something else.
        """
        flow = request.flow_task(
            model=self.model, max_parallel=self.max_parallel, budget=self.budget
        )
        async with taken_out(client, self.name, request):
            spawned = await (verbs or client.sessions).spawn_flow(flow, key=self.name, tags=tags)
        if self.max_parallel is not None:
            client.sessions.limit_parallel(spawned.session_key, self.max_parallel)
        return spawned

    @property
    def _usual_text(self) -> str:
        source = self.request.source
        has_files = source.format is Format.FILES or source.label == PATH
        return _TEXT_OF_FILE if has_files else _TEXT

    def _of(self, agent: Agent) -> MapRequest:
        found = self.read_inputs(agent.in_folder.input_schema)
        text = self.request.text
        if not text and not found.texts:
            raise no_text(self.how)
        return replace(
            self.request,
            text=(text or self._usual_text) + escaped(found.added),
            inputs=found.texts,
            literals=found.literals,
            json_inputs=found.json_names,
            output_fields=tuple(properties(agent.output_schema or {})),
        )


def no_text(how: str) -> InvalidInput:
    """The refusal of a map without templates."""
    return InvalidInput("nothing says what the agent gets of a row", hint=how)


def wants_text(name: str, schema: Mapping[str, Json] | None) -> bool:
    """Whether an agent takes an input as text, by its schema."""
    properties = (schema or {}).get("properties")
    wanted = properties.get(name) if isinstance(properties, Mapping) else None
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    # A type is a string or a list of strings; `in` works for both.
    return kind is None or (isinstance(kind, Sequence) and "string" in kind)
