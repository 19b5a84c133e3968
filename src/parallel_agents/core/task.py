"""Task: what is handed to spawn; and the same for a team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for one agent.

    Attributes:
        agent: a name of the catalog, or a definition.
        text: what to do, in words.
        input: values that fit the agent's input schema.
        model: `provider/model`; without it the agent's or the settings' choice.
        label: a human name, shown in tables; the agent's name without it.
        key: unique under the parent; spawning the same key again returns the run that is there.
        priority: higher goes first among those that wait; 0 is the default.
        cache_seconds: how old a reply to the same request may be, at no cost; 0 asks anew, None
            leaves it to the agent.
        budget: for this session and all that it spawns.
        gates: what the answer must pass beside those of its agent.
        refine: how an answer that they refuse is made better, in place of the agent's way.
        ladder: models to climb, in place of the agent's.
        is_fork: the session begins with its parent's transcript.
        options: how the session is kept, and what its parent hears of it.
    """

    agent: str | Agent
    text: str
    input: Mapping[str, Json] = field(default_factory=dict[str, Json], kw_only=True)
    model: str | None = field(default=None, kw_only=True)
    label: str | None = field(default=None, kw_only=True)
    key: str | None = field(default=None, kw_only=True)
    limits: Limits = field(default=Limits(), kw_only=True)
    priority: int = field(default=0, kw_only=True)
    cache_seconds: float | None = field(default=None, kw_only=True)
    budget: Budget = field(default=NO_BUDGET, kw_only=True)
    gates: tuple[AnyGate, ...] = field(default=(), kw_only=True)
    refine: Refine | None = field(default=None, kw_only=True)
    ladder: tuple[str, ...] = field(default=(), kw_only=True)
    is_fork: bool = field(default=False, kw_only=True)
    options: SessionOptions = field(default=SessionOptions(), kw_only=True)

    @property
    def agent_name(self) -> str:
        return self.agent if isinstance(self.agent, str) else self.agent.name


class OnFailure(StrEnum):
    """What a team does once one of its tasks has failed, timed out or used up its budget.

    `keep_going` leaves the others alone, `stop_new` ends those that have not begun,
    `cancel_siblings` all that are live.
    """

    KEEP_GOING = "keep_going"
    STOP_NEW = "stop_new"
    CANCEL_SIBLINGS = "cancel_siblings"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTask:
    """What is handed to spawn_team: tasks that run side by side, and how.

    Attributes:
        name: what the team is called in keys and tables.
        model: for those tasks that name none.
        max_parallel: runs at once; None leaves it to the process.
        timeout_seconds: for the whole; what is not over by then ends timed out.
        budget: for all tasks together.
        on_failure: what becomes of the other tasks when one fails.
        min_done: fewer tasks than that in done, and the team has failed; but for `keep_going` it
            ends the rest as soon as so many cannot be had any more. None is satisfied by any.

    Raises:
        InvalidInput: `max_parallel`, `timeout_seconds` or `min_done` is out of range.
    """

    tasks: tuple[Task, ...]
    name: str = "run"
    model: str | None = None
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    budget: Budget = NO_BUDGET
    on_failure: OnFailure = OnFailure.KEEP_GOING
    min_done: int | None = None

    def __post_init__(self) -> None:
        Limits(max_parallel=self.max_parallel, timeout_seconds=self.timeout_seconds)
        if self.min_done is not None and not 1 <= self.min_done <= len(self.tasks):
            raise InvalidInput(
                f"min_done is {self.min_done}",
                why=f"the team has {len(self.tasks)} tasks",
                hint="give a number from 1 to that of the tasks, or leave min_done out",
            )

    @property
    def keys(self) -> tuple[str, ...]:
        """What each task is spawned under: its own key, or its place in the list."""
        return tuple(task.key or f"task-{n}" for n, task in enumerate(self.tasks, start=1))
