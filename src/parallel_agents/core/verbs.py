"""Verbs: what a program can do with sessions, the same in this process and at a distance.

Every method takes values and returns values, so that each is one request to a distant gateway; only
`listen` takes a function, and only `follow` returns a stream.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, Callable, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, TypeAlias

from parallel_agents.core.dead_letter import NO_EDITS, DeadLetter, DeadLetterFilter, Edits
from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.filter import Filter
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.fork import NO_FORK, Fork
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.message import File
from parallel_agents.core.notification import Notify
from parallel_agents.core.pause import Pausing
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result
from parallel_agents.core.runner import OnText
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Killed, SessionPlan
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import Spend


class Spawned(NamedTuple):
    """A session and one run of it.

    Attributes:
        is_new: False if the key was in the store already.
        kept: the options that were asked for otherwise before, and stay as they were.
        has_new_budget: it was there already, with another budget than it has now.
    """

    session_key: SessionKey
    run_id: RunId
    is_new: bool = True
    kept: tuple[str, ...] = ()
    has_new_budget: bool = False


class Steer(NamedTuple):
    """A receipt: the message is in the store, under this key, for this run.

    In mode `after` the run is the new one whose task the message is.
    """

    run_id: RunId
    key: str


class Until(StrEnum):
    """What `wait` waits for: all runs have ended, any has, the first is done, or nothing at all."""

    ALL = "all"
    ANY = "any"
    FIRST_DONE = "first_done"
    NOW = "now"


UntilName: TypeAlias = Until | Literal["all", "any", "first_done", "now"]
SteerModeName: TypeAlias = SteerMode | Literal["next", "now", "after"]


class SessionReads(Protocol):
    """The verbs that only look.

    A `name` is a session key, a run id, a label or a task name. The start of a key, or the first eight
    characters of a run id, will do if they match only one session. `@last` is the newest session;
    `RUN/LABEL` is a session in a team.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name.
    """

    async def find(self, name: str) -> Row:
        """The one session that a name means."""
        ...

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        """Sessions with their latest run, newest first."""
        ...

    async def child_runs(self, parent: SessionKey) -> builtins.list[ChildRun]:
        """Every run that a session asked a child of its own for, in the order of asking."""
        ...

    async def children_named(
        self, parent: SessionKey, keys: Sequence[str]
    ) -> builtins.list[ChildRun]:
        """The latest run of each child that was spawned under one of these keys, retries included."""
        ...

    async def spent_below(self, run: RunId) -> Spend:
        """What everything under a run's session used so far, whichever run asked for it."""
        ...

    async def batches(self, map: SessionKey, *, after: int = 0) -> builtins.list[Event]:
        """A page of the events that say which rows of a map are in a batch, and which count no longer."""
        ...

    async def history(
        self, name: str, *, after: int = 0, limit: int = PAGE
    ) -> builtins.list[Event]:
        """A page of what happened in a session, oldest first, after the event number `after`.

        Only the last page is smaller than `limit`.
        """
        ...

    def follow(self, name: str, *, after: int = 0) -> AsyncGenerator[Event]:
        """The events of a session and of everything that it spawned, until its latest run ends."""
        ...

    async def members(self, team: Row) -> builtins.list[Row]:
        """The sessions of a team or a flow with the runs of its tasks; a single session is its own team."""
        ...

    async def member_runs(self, team: Row) -> builtins.list[RunId]:
        """The runs of a team's tasks, in order; for a flow, as it asked for them; for a session, its run."""
        ...

    async def rows_of(self, runs: Sequence[RunId]) -> builtins.list[Row]:
        """These runs with their sessions, in order.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def results(self, runs: Sequence[RunId]) -> builtins.list[Result]:
        """The results of those of these runs that have ended, in order.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def team_result(self, name: str) -> TeamResult:
        """A team's results so far: one for each task that has ended."""
        ...

    async def questions(self) -> builtins.list[OpenQuestion]:
        """What live runs ask people, and nobody has answered yet, the oldest first."""
        ...

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        """Dead letters, newest first."""
        ...


class Listens(Protocol):
    """The verb by which texts are heard."""

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Hear the text of a run as its model writes it; the text is not stored.

        Models are asked to stream from the next call on, and only while somebody listens.
        """
        ...


class Sessions(SessionReads, Pausing, Listens, Protocol):
    """The seven verbs, `fork`, and those of a pause; a `name` is as in `SessionReads`."""

    async def spawn(
        self,
        task: AnyTask,
        *,
        parent: SessionKey | None = None,
        again: str = "",
        on_text: OnText | None = None,
    ) -> Spawned:
        """Make a session and its first run, whose text `on_text` receives as by `listen`.

        A child that does `again` what a child of another run did, which was spawned under that key,
        is told what that child did, and repeats no part of it that may take effect only once.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: before anything is stored.
            Conflict: the key is already used for different work.
            SpawnRefused: the tree has as many sessions as the parent's policy allows.
        """
        ...

    async def spawn_team(
        self, team: TeamTask, *, key: str | None = None, tags: Sequence[str] = ()
    ) -> Spawned:
        """Make a run of a team; with a key that was used before, continue the stored run.

        All of its tasks have these tags, besides their own.
        """
        ...

    async def spawn_flow(
        self,
        flow: FlowTask,
        *,
        key: str | None = None,
        parent: SessionKey | None = None,
        tags: Sequence[str] = (),
    ) -> Spawned:
        """Make a run of a flow; with a key that was used before, continue the stored run.

        A flow whose stored run ended without success is run again; what is done stays done. All of
        its steps have these tags.
        """
        ...

    async def send(  # noqa: PLR0913 - what a message can have, each by its name
        self,
        name: str,
        text: str,
        *,
        input: JsonObject | None = None,
        sender: SessionKey | None = None,
        files: Sequence[File] = (),
        notify: Notify | None = None,
        run: RunId | None = None,
        model: str | None = None,
        on_text: OnText | None = None,
    ) -> Spawned:
        """Start the next run of a session, once its earlier runs have ended; `on_text` is as in `spawn`.

        The run is asked for by the session `sender`, or else from outside, and is shown the files.
        From then on, `notify` applies to the session and all below it; None leaves that as it is.
        `run` is the id of the run; if there is one of that id, in whichever session, it is returned.
        The run is on `model`, and None leaves it on that of the run before.

        Raises:
            RunIsOver: the session was killed.
            UnknownModel, MissingKey: the model cannot be used.
        """
        ...

    async def fork(self, name: str, fork: Fork = NO_FORK) -> Spawned:
        """Make a session that takes up the conversation of another one at one of its turns.

        It has a copy of what was said until then, and pays only for what comes after.

        Raises:
            ForkRefused: the conversation is not whole there, or what the session works in is not
                as it was.
            InvalidInput, UnknownModel, MissingKey: before anything is stored.
            Conflict: the key is already used for different work.
        """
        ...

    async def attach(self, content: bytes, name: str) -> File:
        """Content as a file that tasks and messages can have.

        Raises:
            InvalidInput: no model takes it.
            ArtifactError: it cannot be kept.
        """
        ...

    async def steer(
        self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT, key: str | None = None
    ) -> Steer:
        """Send a message to a live run; in mode `after` it starts the session's next run.

        A message with a key that was used before is in the store already, unless the mode is `after`.

        Raises:
            RunIsOver: the run has ended; `send` starts the next. In mode `after`: the session was
                killed.
        """
        ...

    async def answer(self, question: str, answer: Answer, *, via: str = "") -> OpenQuestion:
        """Answer the question with this id, such as `q-18`; the first answer counts.

        `via` says how the user of this process answers, if not by hand.

        Raises:
            NotFound: there is no such question.
            AlreadyAnswered: somebody has already answered it, or its time is up.
            RunIsOver: its run has ended.
            InvalidInput: the answer does not fit the question.
        """
        ...

    async def kill(
        self, name: str, *, dry_run: bool = False, keeps_session: bool = False
    ) -> Killed:
        """End a session's live run and everything that it spawned; if all has ended, change nothing.

        With `keeps_session`, `send` may start further runs of the session.
        """
        ...

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> builtins.list[Result]:
        """Wait for runs as `until` says; return the results of those that have ended, in order.

        If no run ends in done, FIRST_DONE waits for all; NOW returns what there is.

        Raises:
            TimeoutError: after `timeout` seconds; the runs continue.
        """
        ...


class Teams(Protocol):
    """What a face does with whole teams, and before it spawns anything."""

    async def plan_task(self, task: AnyTask, *, parent: SessionKey | None = None) -> SessionPlan:
        """The session that `spawn` would start, with its agent and model as they are now.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: it cannot be spawned.
        """
        ...

    async def plan_team(
        self, team: TeamTask, *, key: str | None = None
    ) -> builtins.list[SessionPlan]:
        """The sessions that `spawn_team` would start: the team's own, then one for each task.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: it cannot be spawned.
        """
        ...

    async def plan_flow(
        self, flow: FlowTask, *, key: str | None = None, parent: SessionKey | None = None
    ) -> SessionPlan:
        """The session that `spawn_flow` would start; its errors are those of `spawn_flow`."""
        ...

    async def plan_fork(self, name: str, fork: Fork = NO_FORK) -> SessionPlan:
        """The session that `fork` would start.

        Raises:
            PagentsError: as from `fork`.
        """
        ...

    async def check(self, plans: Sequence[SessionPlan]) -> None:
        """Raise what `start` would raise, and store nothing."""
        ...

    async def start(self, plans: Sequence[SessionPlan]) -> Spawned:
        """Start sessions that were planned together, all or none; returns the first."""
        ...

    async def resume(self, name: str) -> Spawned:
        """Execute here the runs of a session's tree that no process works on."""
        ...

    def limit_parallel(self, root: SessionKey, at_most: int) -> None:
        """Execute at most that many runs of a tree at once here, whatever its team says."""
        ...


class DeadLetters(Protocol):
    """The tasks that failed after all their attempts."""

    async def plan_retry(
        self, letter: DeadLetter, edits: Edits = NO_EDITS
    ) -> SessionPlan | Spawned:
        """The session that `retry` would start, or the retry that is in the store already."""
        ...

    async def retry(self, letter: DeadLetter, edits: Edits = NO_EDITS) -> Spawned:
        """Start the task again; while a retry runs, a second one returns it."""
        ...

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Drop dead letters; return how many there were."""
        ...


class SessionVerbs(Sessions, Teams, DeadLetters, Protocol):
    """Everything that a face can do with sessions; `core.inspection` is what it can look at."""


async def whole_history(sessions: SessionReads, name: str, *, after: int = 0) -> list[Event]:
    """Everything that happened in a session after an event, read page by page."""
    events: list[Event] = []
    while page := await sessions.history(name, after=after):
        events += page
        after = page[-1].seq
        if len(page) < PAGE:
            break
    return events
