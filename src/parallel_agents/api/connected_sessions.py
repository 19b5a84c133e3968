"""Connected sessions: the verbs of a distant gateway as a Python program uses them; nothing is executed here."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Never

from parallel_agents.api.map_calls import MapCall, MapOptions, Rows, RowWork, WhichRows
from parallel_agents.api.mapping import TEXT, Items, tasks_of
from parallel_agents.api.opening import LOG, Options
from parallel_agents.api.team_calls import team_of
from parallel_agents.app.distant import Distant
from parallel_agents.app.distant_maps import begin_map, receive_map, result_of_own_map
from parallel_agents.app.program_verbs import ProgramVerbs
from parallel_agents.core.agent import Agent
from parallel_agents.core.annotations import Count, Duration, ItemTexts, Name, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.sent import SentRequest
from parallel_agents.core.task import OnFailure, OnFailureName
from parallel_agents.flows.function import OnChange, OnChangeName
from parallel_agents.gateway_client.pools import RemotePools
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.gateway_client.shared import RemoteArtifacts, RemoteState
from parallel_agents.gateway_client.workspaces import RemoteWorkspaces
from parallel_agents.maps.reducing import TEXT as REDUCE_TEXT
from parallel_agents.maps.results import MapResult, map_result
from parallel_agents.maps.source import FormatName
from parallel_agents.sessions.handle import SessionHandle, name_of
from parallel_agents.sessions.pool import Begun, Pool


@checked_methods
class ConnectedSessions(ProgramVerbs):
    """The verbs of a distant gateway; a worker there executes what is started.

    Agents are those of the gateway's catalog, by their names.

    Raises:
        NotAtDistance: what is given is not for a gateway, such as code, commands, files or folders.
        GatewayUnreachable, GatewayMismatch, NotAuthorized: from each verb.
    """

    def __init__(self, distant: Distant) -> None:
        super().__init__(distant.sessions, distant.journal)
        self._distant = distant

    @property
    def store(self) -> Never:
        """Refused: the care of a store belongs to whoever has its files.

        Raises:
            NotAtDistance: always.
        """
        raise not_at_distance(
            "the care of the store",
            "use pa.open, or `pagents store`, on the machine on which the gateway runs",
        )

    @property
    def workspaces(self) -> RemoteWorkspaces:
        """The copies of folders that sessions worked in: what they changed, merged back there.

        patch = await sessions.workspaces.diff("fix")
        await sessions.workspaces.merge("fix", resolver=pa.Resolver(budget=1))
        """
        return self._distant.workspaces

    async def spawn_flow(  # noqa: PLR0913 - as that of an open store
        self,
        function: Callable[..., Awaitable[object]],
        *,
        key: Name | None = None,
        input: Mapping[str, object] | None = None,
        model: Name | None = None,
        max_parallel: Count | None = None,
        timeout: Duration | None = None,
        budget: AnyBudget = NO_BUDGET,
        on_change: OnChangeName = OnChange.REFUSE,
        tags: Iterable[Name] = (),
    ) -> Never:
        """Refused: the function of a flow is code of this program, and a gateway takes none.

        Raises:
            NotAtDistance: always.
        """
        del function, key, input, model, max_parallel, timeout, budget, on_change, tags
        raise not_at_distance(
            "running a flow",
            "run it with pa.open on the machine that has its home; or name a team of the gateway",
        )

    async def batch(
        self,
        agent: str | Agent[Any],
        items: ItemTexts,
        *,
        size: BatchSize = 10,
        key: Name | None = None,
        model: Name | None = None,
    ) -> Never:
        """Refused: the agent that answers several items in one call is defined here, of the one named.

        Raises:
            NotAtDistance: always.
        """
        del agent, items, size, key, model
        raise not_at_distance(
            "a batch",
            'call map_rows(agent, rows, text="{item}", batch=10), which has the gateway ask so',
        )

    async def map(  # noqa: PLR0913 - as `amap`
        self,
        agent: str,
        items: Items,
        *,
        text: Name = TEXT,
        key: Name | None = None,
        model: Name | None = None,
        max_parallel: Count | None = None,
        timeout: Duration | None = None,
        budget: AnyBudget = NO_BUDGET,
        on_failure: OnFailureName = OnFailure.KEEP_GOING,
        tags: Iterable[Name] = (),
    ) -> builtins.list[Result[Any]]:
        """Have an agent do each item, and return the results in the order of the items; see `amap`.

        Args:
            agent: an agent of the gateway's catalog.
            items: at most 1,000; a text is the text of a task, a dictionary its input.
            text: the text of each task whose item is a dictionary.
            key: identifies the run; the same key and items return the results of the existing one.
            model: `provider/model` for an agent that names none.
            max_parallel: the most runs at once.
            timeout: seconds for all of it.
            budget: the most that all of it may spend.
            on_failure: what happens to the other items when one fails.
            tags: words by which costs are told.

        Raises:
            InvalidInput: an item is neither a text nor a dictionary, or there are too many.
            CallerError: a task cannot be accepted; then none of them starts.
        """
        tasks = tasks_of(agent, items, text, "map()")
        if not tasks:
            return []
        team = team_of(tasks, model, timeout, budget, on_failure, None)
        if max_parallel is not None:
            team = replace(team, max_parallel=max_parallel)
        handle = await self.spawn_team(team, key=key, tags=tags)
        return [*(await self.team_result(handle)).results]

    async def map_rows(  # noqa: D417, PLR0913 - as `amap_rows`
        self,
        agent: str,
        rows: Rows,
        *,
        text: str = "",
        inputs: Mapping[str, object] | None = None,
        key: Name | None = None,
        out: Path | Name | None = None,
        model: Name | None = None,
        max_parallel: Count | None = None,
        by: Name | None = None,
        format: FormatName | None = None,
        limit: Count | None = None,
        batch: BatchSize = 1,
        budget: AnyBudget = NO_BUDGET,
        timeout: Duration | None = None,
        cache_seconds: Seconds | None = None,
        on_failure: OnFailureName = OnFailure.KEEP_GOING,
        row_gates: Iterable[AnyGate] = (),
        refine: Refine | None = None,
        reduce: Name | None = None,
        reduce_text: Name = REDUCE_TEXT,
        tags: Iterable[Name] = (),
    ) -> MapResult[Any]:
        """Send rows of this machine, have an agent of the gateway do each, and bring the results back.

            found = await sessions.map_rows("sentiment", "reviews.csv", inputs={"text": "{comment}"}, key="march")

        The map continues when this program ends; the same key finds it again, and pays for nothing twice.

        Args:
            agent: the name of an agent of the gateway's catalog.
            rows: dictionaries, or a path or a pattern of this machine. Files that rows name by
                `@{column}` are sent as their texts.
            text, inputs, by, format, limit, batch, timeout, cache_seconds, row_gates, refine: see
                `amap_rows`.
            key, out: identifies the map; its file of results on this machine, `.jsonl` or `.csv`, by
                default in the home, which is written as they come.
            model, max_parallel, budget, on_failure, reduce, reduce_text, tags: see `amap_rows`.

        Raises:
            InvalidInput, BatchRefused: a row, an input, a batch or the file of results is not valid.
            UnknownAgent, UnknownModel, MissingKey, Conflict: as from `amap_rows`.
        """
        work = RowWork(agent, text, inputs, batch, timeout, cache_seconds, row_gates, refine)
        how = MapOptions(key, out, model, max_parallel, budget, on_failure, reduce, reduce_text)
        call = MapCall(WhichRows(rows, by, format, limit), work, how, Options())
        with TemporaryDirectory(prefix="pagents-rows-") as folder:
            asked = await asyncio.to_thread(call.asked, kept_in=Path(folder))
            local = Path(asked.request.out)
            begin = partial(begin_map, self._distant, asked, tuple(tags), local)
            receive = partial(receive_map, self._distant, out=local)
            result = await result_of_own_map(self._distant, begin, receive, LOG.warning)
        return map_result(asked.name, result, local, None)

    def pool(
        self,
        agent: str,
        *,
        name: Name,
        size: Count = 3,
        model: Name | None = None,
        idle: Duration | None = None,
    ) -> Pool[Any]:
        """Persistent sessions of one agent that take tasks in turn: `await pool.run("...")`.

        Args:
            agent: works in all of them; an agent of the gateway's catalog.
            name: identifies the sessions; a pool with the same name continues with them.
            size: the number of sessions, at least 1.
            model: `provider/model`, or None to use the model from the agent or the settings.
            idle: seconds without a task after which a session takes none any more: the next task begins
                a new one, without its memory. None keeps sessions for good.
        """
        pools = self._distant.pools

        def place(called: str) -> _Place:
            return _Place(pools, agent, called, model, idle)

        return Pool(self._service, agent, name=name, size=size, place=place)

    async def prompts(self, name: SessionHandle[Any] | str) -> builtins.list[SentRequest]:
        """What a session has sent to its models: instructions, messages, tools and schema, by turn.

        The gateway makes the requests again from its journal, and hides the secrets that it knows.

        Args:
            name: a handle, a session key, label, or the start of an id.

        Raises:
            InvalidInput: it is a team or a flow, which sends nothing itself.
        """
        return [*await self._distant.sent.of(name_of(name))]

    async def state(self, session: SessionHandle[Any] | str) -> RemoteState:
        """The values that a session shares with all that belongs to its tree, such as its team.

        state = await sessions.state(handle)
        plan = await state.get("plan")
        """
        return self._distant.sharing.state(await self._root_of(session))

    async def artifacts(self, session: SessionHandle[Any] | str) -> RemoteArtifacts:
        """The artifacts that a session shares with all that belongs to its tree."""
        return self._distant.sharing.artifacts(await self._root_of(session))

    async def _root_of(self, session: SessionHandle[Any] | str) -> SessionKey:
        name = session if isinstance(session, str) else session.key
        return (await self._service.find(name)).session.root


class _Place:
    """A place of a pool whose sessions are at the gateway."""

    def __init__(
        self, pools: RemotePools, agent: str, called: str, model: str | None, idle: float | None
    ) -> None:
        self._pools = pools
        self._agent = agent
        self._called = called
        self._model = model
        self._idle = idle

    async def begin(
        self, text: str, values: JsonObject, key: str, *, after: Begun | None = None
    ) -> Begun:
        """See `sessions.pool.Place`."""
        form = await self._pools.begin(
            self._called,
            self._agent,
            text,
            values,
            key,
            model=self._model,
            idle_seconds=self._idle,
            after=None if after is None else (after.run, after.generation),
        )
        return Begun(form.run_id, form.generation, form.is_first)
