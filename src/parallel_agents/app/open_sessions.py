"""Open sessions: the verbs as a Python program uses them, with a handle for each session."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from typing_extensions import override

from parallel_agents.app.care import Care
from parallel_agents.app.program_verbs import ProgramVerbs
from parallel_agents.app.resolving_workspaces import ResolvingWorkspaces
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, ItemTexts, Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.ids import SessionKey, make_name
from parallel_agents.core.inspection import Journal
from parallel_agents.core.sent import SentRequest, SentRequests
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.flows.function import FlowFunction, OnChange, OnChangeName
from parallel_agents.flows.functions import Functions
from parallel_agents.sessions.batch import Batch, BatchResult
from parallel_agents.sessions.handle import SessionHandle, name_of
from parallel_agents.sessions.places import check_folders
from parallel_agents.sessions.pool import Idle, Pool, StoredPlace
from parallel_agents.sessions.sharing import Sharing, TreeArtifacts
from parallel_agents.sessions.tree_state import TreeState


@checked_methods
class OpenSessions(ProgramVerbs):
    """The verbs of an open store, whose runs this process executes."""

    def __init__(  # noqa: PLR0913 - one for each thing that it offers
        self,
        service: SessionVerbs,
        journal: Journal,
        sharing: Sharing,
        flows: Functions,
        now: Callable[[], float],
        sent: SentRequests,
        care: Care,
        tended: ResolvingWorkspaces,
    ) -> None:
        super().__init__(service, journal)
        self._service: SessionVerbs = service
        self._sharing = sharing
        self._flows = flows
        self._now = now
        self._sent = sent
        self._care = care
        self._tended = tended

    @override
    def _check_here(self, tasks: Iterable[Task[Any]]) -> None:
        check_folders(tasks)

    @property
    def store(self) -> Care:
        """The care of the store: its size, what may leave it, copies of it.

        plan = await sessions.store.plan(pa.Retention(older_than=30 * 86_400))
        await sessions.store.prune(plan.trees)
        """
        return self._care

    @property
    def workspaces(self) -> ResolvingWorkspaces:
        """The copies of folders that sessions worked in: what they changed, merged back.

        patch = await sessions.workspaces.diff("fix")
        await sessions.workspaces.merge("fix", resolver=pa.Resolver(budget=1))
        """
        return self._tended

    async def spawn_flow(  # noqa: PLR0913 - as `arun_flow`
        self,
        function: Callable[..., Awaitable[T]],
        *,
        key: Name | None = None,
        input: Mapping[str, object] | None = None,
        model: Name | None = None,
        max_parallel: Count | None = None,
        timeout: Duration | None = None,
        budget: AnyBudget = NO_BUDGET,
        on_change: OnChangeName = OnChange.REFUSE,
        tags: Iterable[Name] = (),
    ) -> SessionHandle[T]:
        """Start a flow; the same key and input continue the stored one, if it is not done.

        Args:
            function: takes the flow, then its input by name.
            key: identifies the flow.
            input: the function's arguments, by name.
            model: `provider/model` for tasks that name none.
            max_parallel: the most runs of the flow at once.
            timeout: seconds for all of it.
            budget: the most that its steps may spend together, with everything they spawn.
            on_change: what becomes of a stored flow whose steps are not those of the function.
            tags: words by which costs are told.

        Raises:
            InvalidInput: the function cannot be a flow, or does not take the input.
            Conflict: the key is already used for different work.
        """
        flow = FlowFunction(function, on_change=OnChange(on_change))
        self._flows.add(flow)
        task = flow.task(
            input or {},
            model=model,
            max_parallel=max_parallel,
            timeout=timeout,
            budget=as_budget(budget),
        )
        spawned = await self._service.spawn_flow(task, key=key, tags=tuple(tags))
        return SessionHandle(self._service, spawned, flow.output_type)

    async def batch(
        self,
        agent: str | Agent[T],
        items: ItemTexts,
        *,
        size: BatchSize = 10,
        key: Name | None = None,
        model: Name | None = None,
    ) -> BatchResult[T]:
        """Have an agent answer many items, several of them in one model call.

        Each answer is checked by itself, by the agent's schema and its gates. An item whose answer
        is missing or invalid in the end is run again in a session of its own.

        Args:
            agent: an agent that needs no named input.
            items: the text of each item.
            size: the most items in one call, 1 to 100.
            key: identifies the batch; the same key continues where it stopped.
            model: `provider/model`, or None to use the model from the agent or the settings.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the batch cannot be accepted.
            BatchRefused: the agent cannot be asked for several items in one call.
        """
        plan = await self._service.plan_task(Task(agent, "-", model=model))
        kind = None if isinstance(agent, str) else agent.output_type
        name = key or make_name()
        batch = Batch(self._service, plan.session.agent, key=name, model=model, output_type=kind)
        return await batch.run(tuple(items), size=size)

    def pool(
        self,
        agent: str | Agent[T],
        *,
        name: Name,
        size: Count = 3,
        model: Name | None = None,
        idle: Duration | None = None,
    ) -> Pool[T]:
        """Persistent sessions of one agent that take tasks in turn: `await pool.run("...")`.

        Args:
            agent: works in all of them.
            name: identifies the sessions; a pool with the same name continues with them.
            size: the number of sessions, at least 1.
            model: `provider/model`, or None to use the model from the agent or the settings.
            idle: seconds without a task after which a session takes none any more: the next task begins
                a new one, without its memory. None keeps sessions for good.
        """
        age = None if idle is None else Idle(idle, self._now)

        def place(called: str) -> StoredPlace:
            return StoredPlace(self._service, agent, called, model, age)

        return Pool(self._service, agent, name=name, size=size, place=place)

    async def prompts(self, name: SessionHandle[Any] | str) -> builtins.list[SentRequest]:
        """What a session has sent to its models: instructions, messages, tools and schema, by turn.

        The requests are made again from the journal by the code that sends them, and secrets that this
        process knows are hidden in `body`.

        Args:
            name: a handle, a session key, label, or the start of an id.

        Raises:
            InvalidInput: it is a team or a flow, which sends nothing itself.
        """
        return [*await self._sent.of(name_of(name))]

    async def state(self, session: SessionHandle[Any] | str) -> TreeState:
        """The values that a session shares with all that belongs to its tree, such as its team.

        state = await sessions.state(handle)
        plan = await state.get("plan")
        """
        return self._sharing.state(await self._root_of(session))

    async def artifacts(self, session: SessionHandle[Any] | str) -> TreeArtifacts:
        """The artifacts that a session shares with all that belongs to its tree."""
        return self._sharing.artifacts(await self._root_of(session))

    async def _root_of(self, session: SessionHandle[Any] | str) -> SessionKey:
        name = session if isinstance(session, str) else session.key
        return (await self._service.find(name)).session.root
