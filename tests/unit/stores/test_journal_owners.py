"""Deaths of owners: a run at which processes keep dying is set aside, and no other is."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from parallel_agents.clock import boot_id
from parallel_agents.core.agent import Agent
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.event import Entry, Queued, Refused, Replied, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan
from parallel_agents.core.usage import Usage
from parallel_agents.stores.dead_letters import read_dead_letters
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.journal_runs import Append, ClaimRequest
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.sqlite_database import SqliteDatabase

AGENT = Agent(name="writer", description="Writes", instructions="Write.")

REPLIED = Replied(
    turn=1,
    message=assistant("I call a tool"),
    model="mine/model",
    finish=Finish.TOOLS,
    usage=Usage(1, 1),
    cost_nanousd=0,
    seconds=1.0,
)


def key_of(run: str) -> SessionKey:
    return SessionKey(f"agent:writer:subagent:{run}")


class Deaths:
    """A store whose processes die one after the other, each while it executes all live runs."""

    def __init__(self, *names: str) -> None:
        clock = count(1.0)
        self.journal = Journal(SqliteDatabase.in_memory(), lambda: next(clock))
        self.runs = [self.spawn(name) for name in names]
        self._numbers = count()

    def spawn(self, name: str, parent: str | None = None) -> RunId:
        above = None if parent is None else key_of(parent)
        session = Session(
            key=key_of(name),
            agent=AGENT,
            label=name,
            spawn_key=name,
            parent=above,
            root=above or key_of(name),
        )
        plan = SessionPlan(
            session=session,
            run=RunId(name),
            kind=RunnerKind.AGENT,
            queued=Queued(text="work"),
            digest=name,
        )
        with self.journal.database.writing():
            self.journal.sessions.spawn([plan])
        return plan.run

    def die(
        self,
        *,
        step_of: RunId | None = None,
        boot: str | None = None,
        waiting: Collection[str] = (),
    ) -> None:
        """Let a process claim every run, perhaps take a step of one, and die.

        The runs are in tools, except those that are `waiting` for their first reply.
        """
        owner = OwnerId(f"process {next(self._numbers)}")
        beat = Owner(id=owner, host="here", pid=1, boot=boot_id() if boot is None else boot)
        with self.journal.database.writing():
            self.journal.owners.heartbeat(beat)
            self.journal.runs.claim([ClaimRequest(run, owner) for run in self.runs])
            for run in self.runs:
                if run not in waiting and not self.run(run).status.is_over:
                    replied = Entry("turn-1/model", REPLIED)
                    self.journal.runs.append([Append(run, self.run(run).epoch, [replied])])
            if step_of is not None:
                step = Entry(f"turn-{owner}/refused", Refused(turn=1, text="again"))
                self.journal.runs.append([Append(step_of, self.run(step_of).epoch, [step])])
            self.journal.owners.mark_dead(owner)

    def run(self, run: RunId) -> Run:
        return self.journal.rows.of_run(run).run

    def hint(self, run: RunId) -> str:
        (result,) = self.journal.rows.results([run])
        assert result is not None
        assert result.error is not None
        return result.error.hint

    @property
    def set_aside(self) -> list[RunId]:
        return [run for run in self.runs if self.run(run).error_code == "PA-E316"]


def test_a_run_at_which_two_processes_died_is_set_aside() -> None:
    deaths = Deaths("a")

    deaths.die()
    assert deaths.set_aside == []
    deaths.die()

    assert deaths.set_aside == ["a"]
    assert deaths.run(RunId("a")).status is RunStatus.FAILED


def test_its_row_says_what_its_events_say() -> None:
    deaths = Deaths("a")
    deaths.die()
    deaths.die()

    assert check_rows(deaths.journal.rows).is_intact


def test_it_is_a_dead_letter() -> None:
    deaths = Deaths("a")
    deaths.die()
    deaths.die()

    letters = read_dead_letters(deaths.journal.rows, DeadLetterFilter(), 0.0)

    assert [letter.run.id for letter in letters] == ["a"]
    assert deaths.hint(RunId("a")).endswith("; `pagents dlq retry a` runs it again")


def test_a_run_that_takes_a_step_between_two_deaths_is_not_to_blame() -> None:
    deaths = Deaths("a")

    for _ in range(6):
        deaths.die(step_of=RunId("a"))

    assert deaths.set_aside == []


def test_a_message_is_no_step_of_the_run() -> None:
    deaths = Deaths("a")

    deaths.die()
    with deaths.journal.database.writing():
        deaths.journal.runs.steer(RunId("a"), "steer-1", "go", mode=SteerMode.NEXT, by="me")
    deaths.die()

    assert deaths.set_aside == ["a"]


def test_a_run_that_waits_for_its_model_is_not_to_blame_for_two_deaths() -> None:
    deaths = Deaths("a", "b")

    deaths.die(waiting="b")
    deaths.die(waiting="b")

    assert deaths.set_aside == ["a"]


def test_a_run_that_waits_for_its_model_is_set_aside_after_five_deaths() -> None:
    deaths = Deaths("a")

    for _ in range(4):
        deaths.die(waiting="a")
    assert deaths.set_aside == []
    deaths.die(waiting="a")

    assert deaths.set_aside == ["a"]


def test_of_many_runs_none_is_to_blame_for_two_deaths() -> None:
    deaths = Deaths(*"abcdef")

    deaths.die()
    deaths.die()

    assert deaths.set_aside == []


def test_of_many_runs_those_that_never_take_a_step_are_set_aside_after_five_deaths() -> None:
    deaths = Deaths(*"abcdef")

    for _ in range(5):
        deaths.die(step_of=RunId("b"))

    assert deaths.set_aside == [*"acdef"]


def test_a_parent_that_only_waits_for_its_child_is_not_to_blame() -> None:
    deaths = Deaths("lead")
    deaths.runs.append(deaths.spawn("child", "lead"))

    deaths.die()
    deaths.die()

    assert deaths.set_aside == ["child"]
    assert deaths.hint(RunId("child")) == (
        "`pagents history child` shows what it called last;"
        " the agent that spawned it has been told: `pagents history lead`"
    )


def test_a_restart_of_the_machine_blames_no_run() -> None:
    deaths = Deaths("a")

    for boot in ("monday", "tuesday", "wednesday"):
        deaths.die(boot=boot)

    assert deaths.set_aside == []
