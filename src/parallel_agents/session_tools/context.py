"""Call: one call of a session tool: who calls, what the call reaches, and by which settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.session import Visibility
from parallel_agents.core.store import Filter, Row
from parallel_agents.core.tool import Caller, ToolContext
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.session_tools.arguments import Refusal
from parallel_agents.sessions.directory import Directory

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The caller: a session in one of its runs, or a person or a program outside of any session.

    Attributes:
        session: the calling session, or None for a person or a program.
        run: the run that makes the call.
        call: the call's id; a repeated call finds what it spawned before.
        cwd: the folder that the session works in; empty for the folder of the process.
        caller: lets the run wait, or None if it cannot.
    """

    session: SessionKey | None = None
    run: RunId | None = None
    call: str = ""
    cwd: str = ""
    caller: Caller | None = None

    @classmethod
    def of(cls, context: ToolContext) -> Requester:
        return cls(
            session=context.session,
            run=context.run,
            call=context.call,
            cwd=context.cwd,
            caller=context.caller,
        )

    @property
    def name(self) -> str:
        """The session's key, or `main` for a person or a program."""
        return self.session or MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """How the tools answer.

    Attributes:
        default_agent: the agent that a person or a program spawns without naming one.
        visibility: which other sessions a session sees; a person or a program sees all.
        archive_seconds: how long after its end a session counts as archived.
        hand_back_tokens: the most tokens of one output or message in an answer.
    """

    default_agent: str
    visibility: Visibility
    archive_seconds: float
    hand_back_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool.

    Attributes:
        sessions: the verbs.
        now: returns seconds since the epoch.
        waits: what each run of this process waits for.
    """

    sessions: Sessions
    directory: Directory
    settings: ToolSettings
    now: Callable[[], float]
    requester: Requester
    waits: dict[RunId, frozenset[RunId]] = field(default_factory=dict[RunId, frozenset[RunId]])

    async def find_requester(self) -> Row | None:
        """The requester's own session; None for a person or a program."""
        key = self.requester.session
        return None if key is None else await self.sessions.find(key)

    async def find(self, name: str) -> Row:
        """The session with this key, label or task name, or whose key starts like this.

        Raises:
            Refusal: no session matches, several match, or the requester may not see the session.
        """
        own = await self.find_requester()
        try:
            found = await self.sessions.find(await self._nearest(name, own))
        except NotFound:
            raise Refusal(f"No session found: {name}") from None
        except Ambiguous as error:
            raise Refusal(f"{error.message}: {error.why}; {error.hint}") from None
        self._check_sees(own, found)
        return found

    async def find_run(self, name: str) -> Row:
        """Like `find`, but a run id finds that run, even if its session has had later ones."""
        runs = await self.sessions.list(Filter(run=RunId(name)))
        if not runs:
            return await self.find(name)
        self._check_sees(await self.find_requester(), runs[0])
        return runs[0]

    async def _nearest(self, name: str, own: Row | None) -> str:
        """The key of the session of that name in the requester's own tree, or else the name."""
        if own is None or ":" in name:
            return name
        try:
            return (await self.sessions.find(f"{own.session.root}/{name}")).session.key
        except (NotFound, Ambiguous):
            return name

    def _check_sees(self, own: Row | None, other: Row) -> None:
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

    def park(self) -> None:
        """Give the run's slot to others for as long as the call waits for them."""
        if self.requester.caller is not None:
            self.requester.caller.park()

    def mark_reported(self, runs: Sequence[RunId]) -> None:
        """Note that the answer reports how these runs ended."""
        if self.requester.caller is not None:
            self.requester.caller.hand_back(runs)
