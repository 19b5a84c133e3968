"""Backing: what the session tools stand on, and who calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    """Who calls: a session in one of its runs, or a person or a program outside of any.

    Attributes:
        session: None for who is no session.
        call: the id of the call; the same again finds what it spawned.
        caller: the run, where it can be parked.
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
        """The session's key, or `main` for who is none."""
        return self.session or MAIN

    def park(self) -> None:
        """Give the run's place to others for as long as the call waits for them."""
        if self.caller is not None:
            self.caller.park()

    def hand_back(self, runs: Sequence[RunId]) -> None:
        """Note that the answer tells how these runs ended."""
        if self.caller is not None:
            self.caller.hand_back(runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What the tools need.

    Attributes:
        sessions: the verbs.
        directory: the agents at hand.
        default_agent: who is spawned where nobody is named and the requester is no session.
        visibility: what a session may see; who is no session sees all.
        archive_seconds: after which a session that is over counts as archived.
        hand_back_tokens: of one output or message that an answer holds.
        now: seconds since the epoch.
    """

    sessions: Sessions
    directory: Directory
    default_agent: str
    visibility: Visibility
    archive_seconds: float
    hand_back_tokens: int
    now: Callable[[], float]

    async def row_of(self, requester: Requester) -> Row | None:
        """The requester's own session."""
        return None if requester.session is None else await self.sessions.find(requester.session)

    async def find(self, name: str, requester: Requester) -> Row:
        """The session that a key, a label, a task name or the start of one stands for.

        Raises:
            Refusal: there is none, there are several, or the requester may not see it.
        """
        own = await self.row_of(requester)
        try:
            found = await self.sessions.find(await self._nearest(name, own))
        except NotFound:
            raise Refusal(f"No session found: {name}") from None
        except Ambiguous as error:
            raise Refusal(f"{error.message}: {error.why}; {error.hint}") from None
        self._check_sees(own, found)
        return found

    async def find_run(self, name: str, requester: Requester) -> Row:
        """The same, with the run that an id stands for: its session may have gone on since."""
        earlier = await self.sessions.list(Filter(run=RunId(name)))
        if not earlier:
            return await self.find(name, requester)
        self._check_sees(await self.row_of(requester), earlier[0])
        return earlier[0]

    async def _nearest(self, name: str, own: Row | None) -> str:
        """A name as its requester means it: what is in its own tree goes before namesakes."""
        if own is None or ":" in name:
            return name
        try:
            return (await self.sessions.find(f"{own.session.root}/{name}")).session.key
        except (NotFound, Ambiguous):
            return name

    def _check_sees(self, own: Row | None, found: Row) -> None:
        if own is None or self.sees(own, found):
            return
        raise Refusal(
            "Session visibility is restricted to the current session tree "
            f"(session_visibility={self.visibility}).",
            status="forbidden",
        )

    def sees(self, own: Row, other: Row) -> bool:
        """Whether one session may see and speak to another."""
        match self.visibility:
            case Visibility.SELF:
                return other.session.key == own.session.key
            case Visibility.TREE:
                return other.session.root == own.session.root
            case Visibility.AGENT:
                return other.session.agent.name == own.session.agent.name
            case Visibility.ALL:
                return True
