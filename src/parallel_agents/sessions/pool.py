"""Pool: persistent sessions of one agent that take tasks in turn and remember earlier ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Generic, NamedTuple, Protocol

import orjson

from parallel_agents.core.agent import Agent, T_co
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.converted import GivenObject, as_object
from parallel_agents.core.ids import RunId, key_half, make_keyed_run_id
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, Run
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.core.unicode import canonical
from parallel_agents.core.verbs import Sessions, SessionVerbs
from parallel_agents.errors import Conflict, ContextTooLong, RunIsOver
from parallel_agents.sessions.typed import typed

# Each try that fails means that another process was quicker, or that somebody killed a session.
_MOST_TRIES = 10


class Idle(NamedTuple):
    """How long a session may be without a task, in seconds, on the clock of the store."""

    seconds: float
    now: Callable[[], float]

    def is_over(self, run: Run) -> bool:
        """Whether a session's latest run ended longer ago."""
        return run.finished_at is not None and self.now() - run.finished_at > self.seconds


@checked_methods
class Pool(Generic[T_co]):
    """Sessions called `NAME-1`, `NAME-2` and so on; each is made when it is first needed.

    A task goes to the session that has been idle longest; further tasks wait in order. A pool of
    the same name and agent, even in another process, continues with the same sessions. A session
    that was killed, whose context is full, or that was idle for too long, is replaced by a new one: `NAME-1` by `NAME-1.2`.

    Args:
        sessions: the verbs.
        agent: works in all of them.
        name: letters, digits and dashes.
        size: the number of sessions, at least 1.
        place: the place of a name.
    """

    def __init__(
        self,
        sessions: Sessions,
        agent: str | Agent[T_co],
        *,
        name: str,
        size: int,
        place: Callable[[str], Place],
    ) -> None:
        self._sessions = sessions
        self._output_type = None if isinstance(agent, str) else agent.output_type
        self._agent_name = agent if isinstance(agent, str) else agent.name
        self._name = canonical(name)
        self._idle: asyncio.Queue[tuple[str, Place]] = asyncio.Queue()
        for number in range(1, size + 1):
            called = canonical(f"{name}-{number}")
            self._idle.put_nowait((called, place(called)))

    async def run(
        self, text: str, *, input: GivenObject | None = None, key: Name | None = None
    ) -> Result[T_co]:
        """Run one task in the next idle session, and return its result.

        If the session's context is full, a new session does the task, without the memory of the
        old one; a notice of the result says so.

        Args:
            text: what to do.
            input: values for the agent's input.
            key: identifies the task in this pool. Asked for again, even by another process, it is not
                done again: its run is continued if its process has died, and its result is returned,
                even if it failed.

        Raises:
            Conflict: the key was used for another text or input.
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the task cannot be accepted.
        """
        async with self._idle_place() as (called, place):
            result = await self._run(called, place, text, as_object(input) or {}, self._known(key))
            return typed(result, self._output_type)

    async def _run(
        self, called: str, place: Place, text: str, values: JsonObject, key: str
    ) -> Result:
        begun = await place.begin(text, values, key)
        (result,) = await self._sessions.wait([begun.run])
        is_full = result.error is not None and result.error.code == ContextTooLong.code
        if begun.is_first or not is_full:
            return result
        again = await place.begin(text, values, key and f"{key}/again", after=begun)
        (result,) = await self._sessions.wait([again.run])
        notice = (
            f"the context of session {label_of(called, begun.generation)} was full: "
            f"{label_of(called, again.generation)} did the task, without its memory"
        )
        return replace(result, notices=(*result.notices, notice))

    def _known(self, key: str | None) -> str:
        """A key as one of this pool, whichever of its sessions does the task; empty for none."""
        return "" if key is None else f"{self._agent_name}/{self._name}/{canonical(key)}"

    @asynccontextmanager
    async def _idle_place(self) -> AsyncGenerator[tuple[str, Place]]:
        place = await self._idle.get()
        try:
            yield place
        finally:
            self._idle.put_nowait(place)


class Begun(NamedTuple):
    """A task's run, in the session of this generation; `is_first` if the session was made for it."""

    run: RunId
    generation: int
    is_first: bool


class Place(Protocol):
    """One of a pool's places: a session at a time, and those that it replaced."""

    async def begin(
        self, text: str, values: JsonObject, key: str, *, after: Begun | None = None
    ) -> Begun:
        """Start the task in the newest session, or in a new one if none takes messages.

        If it failed in one before, `after`, it takes a session of a later generation. With a key that
        was used before, it is the run of that task.

        Raises:
            Conflict: no session takes it, or the key is that of another task.
        """
        ...


class StoredPlace:
    """A place whose sessions are in an open store.

    The sessions are found by what the pool made of them, since a label alone may be anybody's.
    """

    def __init__(
        self,
        sessions: SessionVerbs,
        agent: str | Agent[Any],
        name: str,
        model: str | None,
        idle: Idle | None,
    ) -> None:
        self._sessions = sessions
        self._agent = agent
        self._name = name
        self._model = model
        self._idle = idle

    async def begin(
        self, text: str, values: JsonObject, key: str, *, after: Begun | None = None
    ) -> Begun:
        run = _run_of(key, text, values) if key else None
        for _ in range(_MOST_TRIES):
            if run is not None and (known := await self._find(run)) is not None:
                return known
            generation, row = await self._newest()
            is_too_old = after is not None and generation <= after.generation
            if row is not None and not is_too_old and not self._is_over(row):
                try:
                    sent = await self._sessions.send(row.session.key, text, input=values, run=run)
                except RunIsOver:
                    continue  # somebody has killed it since
                except Conflict:
                    if run is None:
                        raise
                    continue  # another process was quicker with other work under the key
                return Begun(sent.run_id, generation, is_first=False)
            made = await self._spawn(generation + 1, text, values, run, after)
            if made is not None:
                return Begun(made, generation + 1, is_first=True)
        raise Conflict(
            f"no session of the pool takes the task for {self._name}",
            why="other processes keep replacing or ending its sessions",
            hint="give each program a pool with a name of its own",
        )

    def _is_over(self, row: Row) -> bool:
        """Whether a session takes no further task."""
        return row.session.killed or (self._idle is not None and self._idle.is_over(row.run))

    async def _find(self, run: RunId) -> Begun | None:
        """The run of a task that was asked for before.

        Raises:
            Conflict: its key was used for another text or input.
        """
        found = next(iter(await self._sessions.list(Filter(run=run))), None)
        found = found or await self._begun_since(run)
        if found is None:
            return None
        return Begun(run, self._generation(found), is_first=found.run.number == 1)

    async def _begun_since(self, run: RunId) -> Row | None:
        """The run, if another process has begun it meanwhile.

        Raises:
            Conflict: its key is that of another task of this pool.
        """
        start = key_half(run)
        for row in await self._sessions.list(Filter(prefix=start, every_run=True)):
            if row.run.id == run:
                return row
            if row.run.id.startswith(start):
                raise Conflict(
                    f"a task of the pool has the same key and other work: {row.run.title!r}",
                    why=f"{row.session.label} began it",
                    hint="choose another key, or ask for the same text and input again",
                )
        return None

    async def _newest(self) -> tuple[int, Row | None]:
        """The generation of the newest session of this place, and the session; 0 and None at first."""
        rows = await self._sessions.list(Filter(prefix=self._name, roots_only=True))
        ours = [(generation, row) for row in rows if (generation := self._generation(row))]
        return max(ours, key=lambda found: found[0], default=(0, None))

    async def _spawn(
        self,
        generation: int,
        text: str,
        values: JsonObject,
        run: RunId | None,
        after: Begun | None,
    ) -> RunId | None:
        """Make the session of a generation with its first run; None if another process has."""
        label = self._label(generation)
        task = Task(
            self._agent,
            text,
            input=values,
            model=self._model,
            label=label,
            key=f"pool/{self._agent_name}/{label}",
            options=SessionOptions(mode=Mode.SESSION, task_name=self._name),
        )
        plan = await self._sessions.plan_task(task)
        plan = plan if run is None else replace(plan, run=run)
        if after is not None:
            plan = replace(plan, retries=after.run)
        try:
            spawned = await self._sessions.start([plan])
        except Conflict:
            return None
        return spawned.run_id if spawned.is_new else None

    @property
    def _agent_name(self) -> str:
        return self._agent if isinstance(self._agent, str) else self._agent.name

    def _label(self, generation: int) -> str:
        return label_of(self._name, generation)

    def _generation(self, row: Row) -> int:
        """The generation of a session of this place, from 1; 0 for any other session."""
        session = row.session
        if session.options.mode is not Mode.SESSION or session.agent.name != self._agent_name:
            return 0
        if session.label == self._name:
            return 1
        start, dot, number = session.label.rpartition(".")
        is_ours = start == self._name and dot and number.isascii() and number.isdigit()
        return int(number[:9]) if is_ours else 0


def label_of(place: str, generation: int) -> str:
    """What the session of a generation is called."""
    return place if generation == 1 else f"{place}.{generation}"


def _run_of(key: str, text: str, values: JsonObject) -> RunId:
    """The id of the run of a task with a key."""
    work = orjson.dumps([text, values], option=orjson.OPT_SORT_KEYS)
    return make_keyed_run_id(key.encode(), work)
