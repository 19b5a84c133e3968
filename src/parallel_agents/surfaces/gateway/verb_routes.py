"""Verb routes: spawn, send, steer, kill and wait, each in effect once for an `Idempotency-Key`."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from hashlib import blake2b
from urllib.parse import quote

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from parallel_agents.app.begin_team import TeamRequest, begin_team
from parallel_agents.catalog.sent_files import sent_team
from parallel_agents.catalog.team import Team
from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import RunId, SessionKey, make_keyed_run_id, make_run_id
from parallel_agents.core.task import TeamTask
from parallel_agents.core.verbs import Spawned, Until
from parallel_agents.core.work_differences import other_value
from parallel_agents.errors import Conflict, InvalidInput, NotFound
from parallel_agents.surfaces.gateway.bodies import (
    KillBody,
    SendBody,
    SpawnBody,
    SteerBody,
    UntilName,
)
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given, Nothing
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import PREFIX, Form, Route, handled
from parallel_agents.views.documents import ResultDocument, result_json
from parallel_agents.views.sessions import lines_of

_OF_AGENTS = {"text", "label", "parent", "priority", "conditions", "rubric", "rounds"}
_OF_TEAMS = {"files", "name", "max_parallel", "on_failure", "min_done"}
MOST_WAIT_SECONDS = 60.0
_MOST_WAITED = 100


class SpawnedDocument(TypedDict):
    """A session and its run. `warning` says why nobody executes it yet; empty if a worker will.

    `has_new_budget` says that it was there already, with another budget than it has now.
    """

    id: str
    session_key: SessionKey
    run_id: RunId
    is_new: bool
    kept: list[str]
    has_new_budget: bool
    warning: str


class SteerDocument(TypedDict):
    """A receipt: the message is stored, under this key, for this run."""

    run_id: RunId
    key: str


class KilledDocument(TypedDict):
    """The runs that ended, or would end, and how many had ended before."""

    dry_run: bool
    runs: list[RunId]
    already_over: int


class WaitDocument(TypedDict):
    """The results of the runs that have ended; `live` are those that have not.

    `asks` are those of them that wait for a person, with what the first question of each says.
    """

    results: list[ResultDocument]
    live: list[RunId]
    asks: dict[RunId, str]


async def spawn(call: Call, given: SpawnBody) -> Document:
    """Start an agent on a task, or a team; with a key that was used before, find its session."""
    check_key_given(given.key)
    spawned = await start(call, given, given.key or call.key or None)
    return await started(call, spawned)


def check_key_given(key: str | None) -> None:
    """Refuse a request whose body has an empty key.

    Raises:
        InvalidInput: it has.
    """
    if key is not None and not key.strip():
        raise InvalidInput(
            "the key is empty",
            why="the request would take effect each time it is sent",
            hint="give it a name, or leave it out",
        )


async def start(call: Call, given: SpawnBody, key: str | None) -> Spawned:
    """Start what a body describes, and leave it to whoever calls to have a worker see to it."""
    check_names_one(given)
    call.client.catalog.forget()  # the gateway may be older than the files
    if given.agent is not None:
        return await _start_agent(call, given, given.agent, key)
    if given.tasks:
        team = asked_tasks(call, given)
        spawned = await call.verbs.spawn_team(team, key=_team_key(given, key), tags=given.tags)
    else:
        spawned = await _begin_team(call, given, key)
    if given.listen:
        await call.gateway.live.want(spawned.session_key)
    return spawned


async def _start_agent(call: Call, given: SpawnBody, agent: str, key: str | None) -> Spawned:
    refuse_fields(given, "an agent", _OF_TEAMS)
    parent = None
    if given.parent is not None:
        parent = (await call.client.sessions.find(given.parent)).session.key
    call.client.catalog.agent(agent)  # a name of the catalog, of which no path is made
    plan = await call.verbs.plan_task(given.task(agent, key), parent=parent)
    if given.listen:  # only a call that is wanted when it begins tells what it writes
        await call.gateway.live.want(plan.run)
    return await call.verbs.start([plan])


def check_names_one(given: SpawnBody) -> None:
    """Refuse a request that has not exactly one of an agent, a team and tasks.

    Raises:
        InvalidInput: it does not.
    """
    if [given.agent is None, given.team is None, not given.tasks].count(False) != 1:
        raise InvalidInput(
            "nothing says what to spawn, or two things do",
            hint='name an agent or a team: {"agent": "code_reviewer", "text": "…"}',
        )


async def _begin_team(call: Call, given: SpawnBody, key: str | None) -> Spawned:
    team, asked = await asked_team(call, given, _team_key(given, key))
    return await begin_team(call.client, call.verbs, call.gateway.environment, team, asked)


def _team_key(given: SpawnBody, key: str | None) -> str | None:
    """The name of a team's run; of the key of a request, which may be of any form, its hash."""
    return name_of_key(key) if given.key is None else key


def name_of_key(key: str | None) -> str | None:
    """A name that a team can have, of the key of a request."""
    return None if key is None else blake2b(key.encode(), digest_size=8).hexdigest()


def asked_tasks(call: Call, given: SpawnBody) -> TeamTask:
    """The team that a request gives as tasks.

    Raises:
        UnknownAgent, InvalidInput: a task cannot be one.
    """
    refuse_fields(given, "a team of tasks", {*_OF_AGENTS, "input", "files", "cache_seconds"})
    for each in given.tasks:
        call.client.catalog.agent(each.agent)  # a name of the catalog, of which no path is made
    return given.team_task()


def refuse_fields(given: SpawnBody, what: str, refused: Set[str]) -> None:
    """Refuse fields that this kind of work does not have.

    Raises:
        InvalidInput: one is given.
    """
    if found := sorted(refused & given.model_fields_set):
        raise InvalidInput(f"{what} takes no {found[0]!r}", hint="leave it out")


async def asked_team(call: Call, given: SpawnBody, key: str | None) -> tuple[Team, TeamRequest]:
    """The team that a request names, and what it is given.

    Raises:
        NotFound, InvalidInput: there is no such team, or it does not take what is given.
    """
    name = given.team or ""
    refuse_fields(given, "a team", {*_OF_AGENTS, "name", "min_done"})
    asked = TeamRequest(
        values=given.input,
        model=given.model,
        budget=given.budget if given.budget.is_bound else None,
        timeout_seconds=given.timeout_seconds,
        key=key,
        tags=tuple(given.tags),
        max_parallel=given.max_parallel,
        on_failure=given.on_failure,
        cache_seconds=given.cache_seconds,
    )
    catalog = call.client.catalog
    if given.files:
        return await asyncio.to_thread(sent_team, given.files, name, catalog.agent), asked
    if "/" in name or "." in name:
        raise NotFound(
            f"there is no team {name[:80]!r}",
            why="a file is sent with its text, in `files`",
            hint="GET /api/v1/teams lists their names",
        )
    return await asyncio.to_thread(catalog.team, name), asked


async def send(call: Call, given: SendBody) -> Document:
    """Start the next run of a session, which sees everything said before."""
    row = await call.client.sessions.find(call.name)
    run = None
    if call.key:
        work = orjson.dumps([given.text, given.input, given.model], option=orjson.OPT_SORT_KEYS)
        run = make_keyed_run_id(f"{row.session.key}\0{call.key}".encode(), work)
    was_sent = run is not None and await _is_stored(call, run)
    if given.listen:
        run = run or make_run_id()
        await call.gateway.live.want(run)
    spawned = await call.verbs.send(
        row.session.key, given.text, input=given.input or None, run=run, model=given.model
    )
    spawned = spawned._replace(is_new=not was_sent)
    return await started(call, spawned)


async def _is_stored(call: Call, run: RunId) -> bool:
    try:
        await call.client.sessions.rows_of([run])
    except NotFound:
        return False
    return True


async def started(call: Call, spawned: Spawned) -> Document:
    """What was started, once a worker is known to see to it."""
    return Document(
        value=await spawned_json(call, spawned),
        is_new=spawned.is_new,
        location=f"{PREFIX}/runs/{quote(spawned.session_key, safe=':')}",
    )


async def spawned_json(call: Call, spawned: Spawned) -> SpawnedDocument:
    """A session that was started, once a worker is known to see to it."""
    warning = await call.client.hand_to_worker()
    (row,) = await call.client.sessions.rows_of([spawned.run_id])
    return {
        "id": row.session.name,
        "session_key": spawned.session_key,
        "run_id": spawned.run_id,
        "is_new": spawned.is_new,
        "kept": list(spawned.kept),
        "has_new_budget": spawned.has_new_budget,
        "warning": warning,
    }


async def steer(call: Call, given: SteerBody) -> Document:
    """Send a message to a live run."""
    if given.mode is SteerMode.AFTER:
        sent = SendBody(text=given.text)
        return await send(call, sent)
    key = blake2b(call.key.encode(), digest_size=6).hexdigest() if call.key else None
    receipt = await call.verbs.steer(call.name, given.text, mode=given.mode, key=key)
    if key is not None:
        await _check_same(call, receipt.run_id, receipt.key, given.text)
    value: SteerDocument = {"run_id": receipt.run_id, "key": receipt.key}
    return Document(value=value)


async def _check_same(call: Call, run: RunId, key: str, text: str) -> None:
    """Refuse a key that names another message: it was not stored."""
    (row,) = await call.client.sessions.rows_of([run])
    tree, journal = row.session.key, call.client.journal
    events = await journal.last_events(tree=tree, kinds=("steered",), limit=_MOST_WAITED)
    bodies = [each.body for each in events if each.run == run and each.key == key]
    if (stored := str(getattr(bodies[0], "text", text)) if bodies else text) != text:
        raise Conflict(
            "the Idempotency-Key is already used for another message",
            why=other_value("its text", stored, text),
            hint="send each message with a key of its own",
        )


async def kill(call: Call, given: KillBody) -> Document:
    """End a run and everything that it spawned, or say what would end."""
    killed = await call.verbs.kill(
        call.name, dry_run=given.dry_run, keeps_session=given.keeps_session
    )
    value: KilledDocument = {
        "dry_run": given.dry_run,
        "runs": [run.id for run in killed.runs],
        "already_over": killed.already_over,
    }
    return Document(value=value)


async def resume(call: Call, _: Nothing) -> Document:
    """Have a worker continue the runs of a tree that no process works on."""
    return await started(call, await call.verbs.resume(call.name))


class WaitQuery(Given):
    """Which runs to wait for, and how long."""

    names: str = Field(min_length=1, max_length=20_000)
    """The names of sessions, or run ids, separated by commas."""
    until: UntilName = "all"
    """Wait for all, for any, or for the first that is done."""
    timeout: float = Field(default=30.0, ge=0, le=MOST_WAIT_SECONDS)
    """After so many seconds, the answer has the results that there are."""


async def wait(call: Call, given: WaitQuery) -> Document:
    """Wait until runs have ended, and return the results that there are then."""
    sessions = call.client.sessions
    names = [name.strip() for name in given.names.split(",")]
    if len(names) > _MOST_WAITED:
        raise InvalidInput(
            f"{len(names)} runs cannot be waited for at once", hint=f"name at most {_MOST_WAITED}"
        )
    runs = [(await sessions.find(name)).run.id for name in names]
    try:
        results = await sessions.wait(runs, timeout=given.timeout, until=Until(given.until))
    except TimeoutError:
        results = await sessions.wait(runs, until=Until.NOW)
    ended = {result.run_id for result in results}
    live = [run for run in runs if run not in ended]
    seen = lines_of(await call.client.journal.look(await sessions.rows_of(live))) if live else ()
    value: WaitDocument = {
        "results": [result_json(result) for result in results],
        "live": live,
        "asks": {line.row.run.id: line.asks for line in seen if line.asks},
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="POST",
        path="/runs",
        name="spawn",
        does="Start an agent on a task, a team, or tasks as a team. A background worker executes it.",
        takes=SpawnBody,
        gives=SpawnedDocument,
        form=Form.DOCUMENT,
        begins=True,
        answer=handled(SpawnBody, spawn),
    ),
    Route(
        method="POST",
        path="/runs/{name}/messages",
        name="send",
        does="Start the next run of a session, which sees everything said before.",
        takes=SendBody,
        gives=SpawnedDocument,
        form=Form.DOCUMENT,
        begins=True,
        answer=handled(SendBody, send),
    ),
    Route(
        method="POST",
        path="/runs/{name}/steer",
        name="steer",
        does="Send a message to a live run.",
        takes=SteerBody,
        gives=SteerDocument | SpawnedDocument,
        form=Form.DOCUMENT,
        begins=True,
        answer=handled(SteerBody, steer),
    ),
    Route(
        method="POST",
        path="/runs/{name}/kill",
        name="kill",
        does="End a run and everything that it spawned, or say what would end.",
        takes=KillBody,
        gives=KilledDocument,
        form=Form.DOCUMENT,
        answer=handled(KillBody, kill),
    ),
    Route(
        method="POST",
        path="/runs/{name}/resume",
        name="resume",
        does="Have a worker continue the runs of a tree that no process works on.",
        takes=Nothing,
        gives=SpawnedDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, resume),
    ),
    Route(
        method="GET",
        path="/wait",
        name="wait",
        does="Wait at most a minute for runs to end, and return their results.",
        takes=WaitQuery,
        gives=WaitDocument,
        form=Form.DOCUMENT,
        answer=handled(WaitQuery, wait),
    ),
)
