"""Asked map: what a caller asks of a map, made a map of an agent, with all rows checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.app.batch_room import room_for_rows
from parallel_agents.app.client import Client
from parallel_agents.app.map_done import rows_done
from parallel_agents.app.map_out import check_out, check_same, earlier_of, taken_out
from parallel_agents.core.agent import Agent
from parallel_agents.core.batch import check_batch
from parallel_agents.core.budget import Budget
from parallel_agents.core.object_schema import missing_names, properties
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import SessionVerbs, Spawned
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.checking import CheckedRows, check_rows
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import TEXT_OF_FILE, Source, fingerprint
from parallel_agents.maps.template import Template, escaped
from parallel_agents.sessions.requests import check_task, task_digest

_TEXT = "Do your task for this input."
_NAMES_ALONE = (
    "the agent gets the path of each file and not what is in it: @{path} stands for its text"
)


class Notation(NamedTuple):
    """How a caller writes what the agent gets of a row.

    Attributes:
        verb: such as `add`.
        text: a task's text, with `{}` for it.
        input: an input, with `{}` for its name and for its text.
    """

    verb: str
    text: str
    input: str

    def hint(self, source: Source, missing: str = "") -> str:
        """What to write for rows of this source; of an input that is missing, how it is given."""
        value = "@{path}" if source.has_files else "{column}"
        given = self.input.format(missing or "NAME", value)
        if not missing:
            text = self.text.format(f"Classify: {value}")
            given = f"{text}, or {given} for an input of the agent"
        what = "; @{path} is the text of each file, and {path} only its path"
        return f"{self.verb} {given}{what if source.has_files else ''}"


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
        notes: what to tell the caller before anything is paid for.
        done_before: how many of the rows are done.
    """

    request: MapRequest
    rows: int
    first: Filled
    model: str | None
    notes: tuple[str, ...] = ()
    done_before: int = 0


class AskedMap(NamedTuple):
    """What is asked for, before the agent is known.

    Attributes:
        name: identifies the map.
        request: the map without what depends on the agent.
        read_inputs: the templates of the inputs, for what the agent takes.
        model: for rows whose agent names none.
        max_parallel: the most rows at once.
        budget: the most that all rows may spend.
        how: how the caller writes what the agent gets of a row.
    """

    name: str
    request: MapRequest
    read_inputs: Callable[[JsonObject | None], Templates]
    model: str | None
    max_parallel: int | None
    budget: Budget
    how: Notation

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

        done = await rows_done(client, self.name) if earlier.input else dict[str, str]()
        left, other, digest = set(done), list[str](), fingerprint()

        def check(filled: Filled) -> None:
            check_task(filled.task, agent)
            left.discard(filled.key)
            if (known := done.get(filled.key)) and known != task_digest(filled.task):
                other.append(filled.key)
            digest.update(f"{filled.key}\n".encode())  # also of what is in the files of a row
            if not first:
                first.append(filled)

        found: CheckedRows = await asyncio.to_thread(check_rows, request, self.model, check=check)
        if request.reduce:
            client.agent(request.reduce)
        if request.batch > 1:
            tokens = await room_for_rows(client, first[0].task, request.batch)
            request = replace(request, batch_tokens=tokens)
        digest.update(found.digest.encode())
        request = replace(request, rows=found.count, digest=digest.hexdigest())
        flow = request.flow_task(model=self.model)
        await client.sessions.check([await client.sessions.plan_flow(flow, key=self.name)])
        notes = [_NAMES_ALONE] if _has_names_alone(request, agent) else []
        notes += [_none_is_done(len(done), found.count)] if done and len(left) == len(done) else []
        notes += [_are_other(len(other))] if other and request.key else []
        return CheckedMap(
            request, found.count, first[0], self.model, tuple(notes), len(done) - len(left)
        )

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

    def _of(self, agent: Agent) -> MapRequest:
        schema = agent.in_folder.input_schema
        found = self.read_inputs(schema)
        text, source = self.request.text, self.request.source
        given = {*found.texts, *found.literals}
        missing = missing_names(schema or {}, given)
        if (not text and not found.texts) or missing:
            raise no_text(self.how.hint(source, *missing[:1]), agent.name, missing)
        usual = TEXT_OF_FILE if source.has_files else _TEXT
        return replace(
            self.request,
            text=(text or usual) + escaped(found.added),
            inputs=found.texts,
            literals=found.literals,
            json_inputs=found.json_names,
            output_fields=tuple(properties(agent.output_schema or {})),
        )


def _has_names_alone(request: MapRequest, agent: Agent) -> bool:
    """Whether rows are files, and an agent that could not read them gets no more than their names."""
    if not request.source.has_files or agent.possible_tools or agent.policy.spawns:
        return False
    texts = [request.text, *request.inputs.values()]
    found = [Template.parse(text, where="the text") for text in texts]
    # What another machine sent of a file is a column that the results leave out.
    sent = {column for each in found for column in each.columns} & {*request.hidden}
    return not sent and not any(each.has_content for each in found)


def _none_is_done(done: int, rows: int) -> str:
    """What to say if a map that is continued would do all of its rows anew."""
    here = "the 1 row here" if rows == 1 else f"the {rows:,} rows here"
    if done == 1:
        return f"the row that was done before is not among {here}; each of them is paid for"
    return (
        f"none of the {done:,} rows that were done before is among {here}; each of them is paid for"
    )


def _are_other(rows: int) -> str:
    """What to say of rows that are done, and are known by a column although the rest of them changed."""
    if rows == 1:
        return "1 row that is done asks for something else now; its key is the same, so that it keeps its answer"
    return f"{rows:,} rows that are done ask for something else now; their keys are the same, so that they keep their answers"


def no_text(hint: str, agent: str = "", missing: Sequence[str] = ()) -> InvalidInput:
    """The refusal of a map that does not say what the agent gets of a row, or not enough."""
    if missing:
        names = " and ".join(map(repr, missing))
        return InvalidInput(f"{agent} needs {names}, and nothing says what it is", hint=hint)
    return InvalidInput("nothing says what the agent gets of a row", hint=hint)


def wants_text(name: str, schema: Mapping[str, Json] | None) -> bool:
    """Whether an agent takes an input as text, by its schema."""
    properties = (schema or {}).get("properties")
    wanted = properties.get(name) if isinstance(properties, Mapping) else None
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    # A type is a string or a list of strings; `in` works for both.
    return kind is None or (isinstance(kind, Sequence) and "string" in kind)
