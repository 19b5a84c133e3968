"""Bodies: what requests that change something give: names, texts and numbers, never code or commands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from parallel_agents.catalog.sent_files import MOST_FILES
from parallel_agents.catalog.source import MAX_BYTES
from parallel_agents.core.budget import NO_BUDGET, Budget, OnLimit
from parallel_agents.core.dead_letter import Edits
from parallel_agents.core.event import SteerMode
from parallel_agents.core.fork import Fork
from parallel_agents.core.gate import ConditionGate, Gate, JudgeGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.resolving import RESOLVER, Resolver
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.surfaces.gateway.given import Given

_Name = Annotated[str, Field(max_length=500)]
_Text = Annotated[str, Field(max_length=4_000_000)]
FileTexts = Annotated[
    dict[_Name, Annotated[str, Field(max_length=MAX_BYTES)]], Field(max_length=MOST_FILES)
]
_Tags = Annotated[list[_Name], Field(max_length=50)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _BudgetBody(Given):
    """What work may cost."""

    budget_usd: Positive | None = None
    """The most that the work may cost."""
    budget_tokens: Annotated[int, Field(gt=0)] | None = None
    """The most tokens that the work may use."""
    on_limit: Annotated[OnLimit, Field(strict=False)] | None = None
    """What a run does when the budget is used up."""

    @property
    def budget(self) -> Budget:
        found = Budget(usd=self.budget_usd, tokens=self.budget_tokens)
        if not found.is_bound:
            return NO_BUDGET
        on_limit = found.on_limit if self.on_limit is None else self.on_limit
        return Budget(usd=self.budget_usd, tokens=self.budget_tokens, on_limit=on_limit)


class _WorkBody(_BudgetBody):
    """What a task and a team have in common."""

    model: _Name | None = None
    """`provider/model`; by default that of the agent or of the settings."""
    key: _Name | None = None
    """Names the work: the same key again is the same session."""
    timeout_seconds: Positive | None = None
    """The time limit."""
    cache_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Reuse a stored reply to the same request if it is no older."""
    tags: _Tags = Field(default_factory=list[str])
    """What costs are told by."""
    text: _Text = ""
    """What the agent is to do."""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Values for the input schema of the agent or team."""
    label: _Name | None = None
    """A name for the session of an agent."""
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Runs with a higher priority start first."""
    conditions: Annotated[list[_Text], Field(max_length=50)] = Field(default_factory=list[str])
    """Conditions on the answer of an agent."""
    rubric: _Text | None = None
    """Criteria by which a judge scores the answer of an agent."""
    rounds: Annotated[int, Field(ge=1, le=20)] | None = None
    """The most versions of an agent's answer to try until one passes."""

    def task(self, agent: str, key: str | None) -> Task:
        """The task of an agent.

        Raises:
            InvalidInput: a value is out of range.
        """
        holds: tuple[Gate, ...] = tuple(
            ConditionGate(condition=condition) for condition in self.conditions
        )
        judged = () if self.rubric is None else (JudgeGate(rubric=self.rubric),)
        return Task(
            agent,
            self.text,
            input=self.input,
            model=self.model,
            label=self.label,
            key=key,
            limits=Limits(timeout_seconds=self.timeout_seconds),
            priority=self.priority,
            cache_seconds=self.cache_seconds,
            budget=self.budget,
            gates=(*holds, *judged),
            refine=None if self.rounds is None else Refine(rounds=self.rounds),
            tags=tuple(self.tags),
        )


class TaskBody(_WorkBody):
    """One task of a team that is given as tasks."""

    agent: _Name
    """The name of an agent."""


class SpawnBody(_WorkBody):
    """An agent with its task, a team with its inputs, or a team that is given as tasks."""

    agent: _Name | None = None
    """The name of an agent; or else `team` names a team, or `tasks` are one."""
    team: _Name | None = None
    """The name of a team, or that of the first of `files`."""
    files: FileTexts = Field(default_factory=dict[str, str])
    """The texts of team files by their names: the one that `team` names, and those that it names."""
    tasks: Annotated[list[TaskBody], Field(max_length=10_000)] = Field(
        default_factory=list[TaskBody]
    )
    """The tasks of a team that has no file."""
    name: _Name | None = None
    """What tables call the team that `tasks` are."""
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """The most tasks of a team at once."""
    on_failure: Annotated[OnFailure, Field(strict=False)] | None = None
    """What happens to the other tasks of a team when one fails."""
    min_done: Annotated[int, Field(ge=1)] | None = None
    """How many of `tasks` must be done, or the team has failed."""
    parent: _Name | None = None
    """The session below which an agent is spawned."""
    listen: bool = False
    """Whether what the models of its agents write is told from their first calls on."""

    def team_task(self) -> TeamTask:
        """The team that the tasks are.

        Raises:
            InvalidInput: a value is out of range.
        """
        named = {} if self.name is None else {"name": self.name}
        return TeamTask(
            tasks=tuple(each.task(each.agent, each.key) for each in self.tasks),
            model=self.model,
            max_parallel=self.max_parallel,
            timeout_seconds=self.timeout_seconds,
            budget=self.budget,
            on_failure=self.on_failure or OnFailure.KEEP_GOING,
            min_done=self.min_done,
            **named,
        )


class SendBody(Given):
    """A message that starts the next run of a session."""

    text: _Text
    """The message."""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Values for the input schema of the agent."""
    model: _Name | None = None
    """`provider/model` of the run; by default that of the run before."""
    listen: bool = False
    """Whether what its model writes is told from its first call on."""


class ForkBody(_BudgetBody):
    """Where to take up the conversation of a session, and what is said there."""

    at: Annotated[int, Field(ge=0)] | None = None
    """The turn, counted over all runs of the session; 0 is before the first. By default, where the
    conversation ends."""
    text: _Text | None = None
    """What is said after that turn; without it, the turn itself is answered anew."""
    result: _Text | None = None
    """What a call of that turn is to have answered; without a text, the turn after it is answered anew."""
    call: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Which call of the turn that is, from 1; needed if it has several."""
    model: _Name | None = None
    """`provider/model`; by default that of the turn."""
    key: _Name | None = None
    """Names the fork: the same fork again is the same session."""
    label: _Name | None = None
    """A name for the new session."""
    dry_run: bool = False
    """Only say what it would cost."""
    listen: bool = False
    """Whether what its model writes is told from its first call on."""

    def fork(self, key: str | None) -> Fork:
        """The fork.

        Raises:
            InvalidInput: a value is out of range.
        """
        return Fork(
            at=self.at,
            text=self.text,
            result=self.result,
            call=self.call,
            model=self.model,
            key=key,
            label=self.label,
            budget=self.budget,
        )


class ResolveBody(_BudgetBody):
    """Who resolves the conflicts of a merge."""

    agent: _Name = RESOLVER
    """The agent; it takes `path`, `base`, `ours` and `theirs`, and answers with `content`."""
    model: _Name | None = None
    """`provider/model`; by default that of the agent or of the settings."""
    timeout_seconds: Positive | None = None
    """The time limit of all of its sessions."""
    cache_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Reuse a stored reply to the same conflict if it is no older; by default as the agent says."""
    dry_run: bool = False
    """Only say what it would cost."""

    @property
    def resolver(self) -> Resolver:
        return Resolver(
            agent=self.agent,
            model=self.model,
            budget=self.budget,
            timeout_seconds=self.timeout_seconds,
            cache_seconds=self.cache_seconds,
        )


class SteerBody(Given):
    """A message to a live run."""

    text: _Text
    """The message."""
    mode: Annotated[SteerMode, Field(strict=False)] = SteerMode.NEXT
    """`next` waits for the model call in flight, `now` interrupts it, `after` starts the next run."""


class KillBody(Given):
    """How to end a run and everything that it spawned."""

    dry_run: bool = False
    """Only say what would end."""
    keeps_session: bool = False
    """Let `send` start further runs of the session."""


class AnswerBody(Given):
    """The answer to a question."""

    answer: _Text
    """`allow` or `deny` for an approval; otherwise the answer."""
    note: _Text = ""
    """Tells the agent why its call is denied."""
    for_run: bool = False
    """Allow what the same rule asks about in this run."""
    arguments: dict[str, JsonValue] | None = None
    """Arguments to make the call with instead of its own."""


class LettersBody(Given):
    """Which dead letters."""

    names: Annotated[list[_Name], Field(max_length=1000)] = Field(default_factory=list[str])
    """Sessions, or teams for all of their tasks."""
    agent: _Name | None = None
    """Only tasks of this agent."""
    code: _Name | None = None
    """Only tasks with this error, such as `PA-E301`."""
    since: _Name | None = None
    """Only those that failed since then, such as `2h`."""
    runs: Annotated[list[_Name], Field(max_length=1000)] = Field(default_factory=list[str])
    """The ids of runs that failed: of each, its own dead letter."""
    all: bool = False
    """All of them; otherwise nothing above may be left out."""

    @property
    def is_chosen(self) -> bool:
        return bool(self.names or self.agent or self.code or self.since or self.runs)


class RetryBody(LettersBody):
    """Which dead letters to run again, and what to change."""

    text: _Text | None = None
    """Replaces the text of a single task."""
    model: _Name | None = None
    """`provider/model` to use instead."""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Values that override the task's values of the same names."""
    current: bool = False
    """Use the agents as they are defined now."""
    afresh: bool = False
    """Forget what the failed runs did."""
    killed: bool = False
    """What somebody killed instead of what failed."""
    dry_run: bool = False
    """Only say what would run, and the most that each first call can cost."""

    @property
    def edits(self) -> Edits:
        return Edits(
            text=self.text,
            model=self.model,
            input=self.input,
            current=self.current,
            afresh=self.afresh,
        )


class LimitBody(Given):
    """How fast a model may be called by all processes; what is left out stays as it is."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """The most requests in a minute."""
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = None
    """The most tokens in a minute."""


UntilName = Literal["all", "any", "first_done"]
