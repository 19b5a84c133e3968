"""Parts of an activation for a run without an engine and without a store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.event import Body, Entry, Event, Queued
from parallel_agents.core.gate import Gate, Verdict
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Outcome, Result, Run, RunnerKind, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.session import Session
from parallel_agents.core.store import Claim
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.engines.mailbox import Mailbox
from parallel_agents.runners.agent.gates import Park

KEY, RUN = SessionKey("agent:writer:subagent:a"), RunId("run")


class ListJournal:
    """Keeps what is written in a list, and the outcome."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.outcome: Outcome | None = None

    @property
    def bodies(self) -> list[Body]:
        return [entry.body for entry in self.entries]

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def append(self, *entries: Entry) -> None:
        self.entries.extend(entries)

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        del steers_seen
        self.outcome = outcome
        return True


class OwnSlot:
    """A slot that nobody else wants, in a process that does not stop."""

    def park(self) -> None: ...

    async def take(self) -> None: ...

    def check_stopping(self) -> None: ...

    def begin_call(self) -> None: ...

    def end_call(self) -> None: ...

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()


class Unbound:
    """No account limits the run."""

    is_bound = False

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        raise NotImplementedError

    def release(self, *, may_be_billed: bool) -> None:
        raise NotImplementedError


class NoChildren:
    """The verbs for a run that spawns nothing."""

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        raise NotImplementedError

    async def continue_children(self, parent: Session) -> None:
        raise NotImplementedError

    async def wait(self, runs: Sequence[RunId]) -> list[Result]:
        raise NotImplementedError

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        raise NotImplementedError


class NoGates:
    """The gatekeeper of agents without gates."""

    async def check(self, gate: Gate, submission: Submission, park: Park) -> Verdict:
        raise NotImplementedError

    async def revise(self, by: str, draft: Draft, park: Park) -> Result:
        raise NotImplementedError


def activation_of(
    agent: Agent, journal: ListJournal, *, model: str = "scripted/model"
) -> Activation:
    """A claimed run of `agent` that was just started."""
    session = Session(key=KEY, agent=agent, label=agent.name, spawn_key="a", root=KEY)
    run = Run(
        id=RUN,
        session=KEY,
        number=1,
        kind=RunnerKind.AGENT,
        status=RunStatus.RUNNING,
        title="",
        model=model,
        epoch=1,
    )
    queued = Event(1, 0.0, KEY, RUN, "queued", Queued(text="Hello."))
    return Activation(
        claim=Claim(session, run, [queued]),
        journal=journal,
        slot=OwnSlot(),
        inbox=Mailbox(),
        budget=Unbound(),
    )
