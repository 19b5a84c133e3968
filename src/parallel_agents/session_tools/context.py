"""Call: one call of a session tool: who calls, what the call reaches, and by which settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, Protocol

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import OUTSIDE, RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.tool import Caller, ToolContext
from parallel_agents.core.unicode import canonical
from parallel_agents.core.verbs import Sessions, Until
from parallel_agents.core.visibility import Visibility
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.session_tools.arguments import Refusal
from parallel_agents.session_tools.clients import nearest_of_client, of_clients
from parallel_agents.session_tools.faces import MODELS, Face
from parallel_agents.session_tools.records import Records
from parallel_agents.session_tools.wording import for_models
from parallel_agents.sessions.directory import Directory
from parallel_agents.sessions.names import ambiguous, is_called
from parallel_agents.sessions.unclaimed import waits_in_vain

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The caller: a session in one of its runs, or a person or a program outside of any session.

    Attributes:
        session: the calling session, or None for a person or a program.
        run: the run that makes the call; None outside of any session.
        call: the call's id; a repeated call finds what it started before.
        cwd: the folder that the session works in; empty for the folder of the process.
        client: the client that calls, if it is neither a session nor the person; it reaches what
            clients spawned, and its own first.
        is_shared: whether others call under the client's name too, so that nobody knows which of its
            sessions are this caller's.
        is_looking: whether it may only look, so that what it reads does not count as given to the client.
        longest_wait: the most seconds that its calls wait, whatever they ask for: a client gives up
            at some time, and what it waits for goes on. None for no limit.
        face: the words for what it can do.
        again: the call of a failed run that this call does again, as `RUN/CALL`; empty for none.
        caller: lets the run wait, or None if it cannot.
    """

    session: SessionKey | None = None
    run: RunId | None = None
    call: str = ""
    cwd: str = ""
    caller: Caller | None = None
    again: str = ""
    client: str = ""
    is_shared: bool = False
    is_looking: bool = False
    longest_wait: float | None = None
    face: Face = MODELS

    @classmethod
    def of(cls, context: ToolContext) -> Requester:
        return cls(
            session=context.session,
            run=context.run,
            call=context.call,
            cwd=context.cwd,
            caller=context.caller,
            again=context.again,
        )

    @property
    def key(self) -> str:
        """Names the call, the same if it is repeated; empty if nothing tells it from others."""
        return f"{self.run}/{self.call}" if self.run and self.call else self.call

    @property
    def message_key(self) -> str | None:
        """Names the message of a client's call, which may be repeated; None if it cannot be."""
        if self.session is not None or not self.call:
            return None
        return blake2b(self.call.encode(), digest_size=6).hexdigest()

    def wait_of(self, asked: float) -> float:
        """How long a call that asks for so many seconds waits."""
        return asked if self.longest_wait is None else min(asked, self.longest_wait)

    @property
    def name(self) -> str:
        """The session's key, or `main` for a person or a program."""
        return self.session or MAIN

    @property
    def recipient(self) -> str:
        """Who is given results, as histories name it."""
        return self.client or self.name


class ModelNotes(Protocol):
    def of(self, agent: Agent, asked: str | None, model: str) -> str:
        """What to tell of a run of this agent on `model`; `asked` is the model that its task names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """How the tools answer.

    Attributes:
        default_agent: the agent that a person or a program spawns without naming one.
        visibility: which other sessions a session sees; a person or a program sees all.
        archive_seconds: how long after its end a session counts as archived.
        hand_back_tokens: the most tokens of one output or message in an answer.
        notes: what to say of the model that a spawned run is on.
        lacks: what this process lacks for a run; empty if nothing.
    """

    default_agent: str
    visibility: Visibility
    archive_seconds: float
    hand_back_tokens: int
    notes: ModelNotes | None = None
    lacks: Callable[[Row], str] = lambda _: ""


class Wait(NamedTuple):
    """What a run waits for, and how many of it."""

    runs: frozenset[RunId]
    until: Until


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool.

    Attributes:
        sessions: the verbs.
        records: what else the store knows.
        now: returns seconds since the epoch.
        waits: what each run of this process waits for.
    """

    sessions: Sessions
    records: Records
    directory: Directory
    settings: ToolSettings
    now: Callable[[], float]
    requester: Requester
    waits: dict[RunId, Wait] = field(default_factory=dict[RunId, Wait])

    async def find_requester(self) -> Row | None:
        """The requester's own session; None for a person or a program."""
        key = self.requester.session
        return None if key is None else await self.sessions.find(key)

    async def find(self, name: str) -> Row:
        """The session with this key, label or task name, or whose key starts like this.

        Of namesakes the nearest counts: the children that this run spawned, then those of earlier
        runs, then siblings, then the rest of the tree, then all others. To a client the newest that it
        spawned itself is nearest, then the newest of other clients.

        Raises:
            Refusal: no session matches, several match, or the requester may not see the session.
        """
        name = canonical(name)
        own = await self.find_requester()
        try:
            near = await (
                nearest_of_client(self.sessions, name, self.requester.client)
                if self.requester.client
                else self._nearest(name, own)
            )
            found = near or await self.sessions.find(name)
        except NotFound:
            raise Refusal(f"No session found: {name}") from None
        except Ambiguous as error:
            text = for_models(f"{error.message}: {error.why}; {error.hint}")
            raise Refusal(text, ambiguous=True) from None
        await self._check_sees(own, found)
        if name == found.run.id:
            return (await self.sessions.list(Filter(session=found.session.key)))[0]
        return found

    async def find_run(self, name: str) -> Row:
        """Like `find`, with the run that the requester means.

        A run id means that run. A session means the run that the requester asked for last, by a
        spawn or a message; without one, what the session's parent asked for last.
        """
        runs = await self.sessions.list(Filter(run=RunId(name)))
        if runs:
            await self._check_sees(await self.find_requester(), runs[0])
            return runs[0]
        key = (await self.find(name)).session.key
        asker = self.requester.session or OUTSIDE
        return (await self.sessions.list(Filter(session=key, asker=asker)))[0]

    async def _nearest(self, name: str, own: Row | None) -> Row | None:
        """The nearest session of the requester's tree that is called so; None if none is."""
        if own is None or ":" in name or not name:
            return None
        session = own.session
        tree = await self.sessions.list(Filter(tree=session.root, prefix=name))
        called = [row for row in tree if is_called(row, name)]
        circles = (
            [row for row in called if row.session.spawn_key.startswith(f"{self.requester.run}/")],
            [row for row in called if row.session.parent == session.key],
            [
                row
                for row in called
                if row.session.parent == session.parent and row.session.key != session.key
            ],
            called,
            tree,
        )
        for namesakes in circles:
            if len(namesakes) > 1:
                keys = [row.session.key for row in namesakes]
                raise ambiguous(name, namesakes, keys, hint="use the key of one")
            if namesakes:
                return namesakes[0]
        return None

    async def _check_sees(self, own: Row | None, other: Row) -> None:
        if own is None and self.requester.client and not await of_clients(self.sessions, [other]):
            refusal = self.requester.face.not_reached(other.session.label)
            raise Refusal(refusal, status="forbidden")
        if own is None or self.sees(own, other):
            return
        raise Refusal(
            "Session visibility is restricted to the current session tree "
            f"(session_visibility={self.settings.visibility}).",
            status="forbidden",
        )

    def sees(self, own: Row, other: Row) -> bool:
        """Whether one session may read and address another."""
        match self.settings.visibility:
            case Visibility.SELF:
                return other.session.key == own.session.key
            case Visibility.TREE:
                return other.session.root == own.session.root
            case Visibility.AGENT:
                return other.session.agent.name == own.session.agent.name
            case Visibility.ALL:
                return True

    def waits_for(self, row: Row) -> JsonObject:
        """Why nobody may ever begin a run, as a field of its row; none if somebody has it, or could."""
        lack = waits_in_vain(row, self.settings.lacks)
        return {"waitsFor": lack} if lack else {}

    def park(self) -> None:
        """Give the run's slot to others for as long as the call waits for them."""
        if self.requester.caller is not None:
            self.requester.caller.park()

    async def mark_reported(self, runs: Sequence[RunId]) -> None:
        """Note that the answer reports how these runs ended."""
        requester = self.requester
        if requester.caller is not None:
            requester.caller.hand_back(runs)
        elif runs and not requester.is_looking:
            await self.records.deliveries.note_given(runs, to=requester.recipient)

    async def reported(self, runs: Sequence[RunId]) -> frozenset[RunId]:
        """Those of these runs of which an earlier answer reported how they ended."""
        caller = self.requester.caller
        if caller is not None:
            return frozenset(run for run in runs if caller.has_reported(run))
        return await self.records.deliveries.given(runs, to=self.requester.recipient)
