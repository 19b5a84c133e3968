"""Task: a piece of work for one agent; and a team of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeAlias

from pydantic import Field
from typing_extensions import override

from parallel_agents.core.agent import Agent, T_co, check_cache_seconds
from parallel_agents.core.budget import NO_BUDGET, TakesBudget
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import (
    Converted,
    Items,
    NeededItems,
    Texts,
    default,
    default_made,
)
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.hints import fields_written
from parallel_agents.core.json_value import MOST_DEPTH
from parallel_agents.core.limits import Limits, TakesLimits
from parallel_agents.core.message import File
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.sandbox import Sandbox, SandboxName
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.spelling import counted
from parallel_agents.core.tags import check_tags
from parallel_agents.core.takers import instance, json_within, union
from parallel_agents.core.task_names import check_filled, check_label
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import InvalidInput

UNNAMED = "run"
# Of an object with these values, which is a level more.
_JSON_OR_FILE = union((json_within(MOST_DEPTH - 1), instance(File)))
# Read from the left: what is stored is JSON, whatever its form.
JsonOrFile: TypeAlias = Annotated[Json | File, Field(union_mode="left_to_right"), _JSON_OR_FILE]
_LABEL_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Task(Checked, Generic[T_co]):
    """A piece of work for one agent.

        Task("code_reviewer", "Review this diff", input={"code": diff}, key="review-1")

    Attributes:
        agent: the name of an agent in the catalog, or a definition.
        text: what to do; at most 4,000,000 bytes together with `input`.
        input: values that match the agent's input schema; for a `File` there it gets the file's name,
            and is shown the file.
        files: images and PDFs that the agent is shown, at most 20.
        model: `provider/model`, or None to use the model from the agent or the settings.
        label: a short name, shown in tables; None for the agent's name.
        key: identifies the work; must be unique among the parent's children. Spawning the same work
            under the same key again returns its session instead of a new one, even after a crash.
        limits: limits on the run; they override those of the agent and the settings.
        priority: runs with a higher priority start first; 0 by default.
        cache_seconds: reuse a stored reply to the same request, free of charge, if it is at most
            this old; 0 always calls the model, None uses the agent's setting.
        budget: the most that the session may spend, together with everything it spawns.
        gates: checks that the answer must pass in addition to the agent's.
        refine: a loop that improves a rejected answer; it overrides the agent's.
        ladder: models to escalate through, cheapest first; it overrides `model`, and the agent's ladder.
        permissions: rules for its calls of tools; what a parent, the agent or the settings deny
            stays denied.
        sandbox: whether its commands run in a sandbox; `off` counts only if nothing above it, nor
            its agent, requires one.
        workspace: the folder that it works in; it overrides the agent's.
        is_fork: whether the session begins with its parent's transcript.
        tags: words by which costs are told; what the session spawns has them, too.
        options: options of the session, such as whether its parent waits for it.

    Raises:
        InvalidInput: `cache_seconds` is negative, or a tag, a label or a name is not valid.
    """

    agent: str | Agent[T_co]
    text: str
    _: KW_ONLY
    input: Converted[Mapping[str, JsonOrFile], Mapping[str, object]] = default_made(
        dict[str, JsonOrFile]
    )
    files: Items[File] = default(())
    model: str | None = None
    label: str | None = None
    key: str | None = None
    limits: TakesLimits = default(Limits())
    priority: int = 0
    cache_seconds: float | None = None
    budget: TakesBudget = default(NO_BUDGET)
    gates: Items[AnyGate] = default(())
    refine: Refine | None = None
    ladder: Texts = default(())
    permissions: Permissions = NO_PERMISSIONS
    sandbox: Converted[Sandbox, SandboxName] = default(Sandbox.INHERIT)
    workspace: Workspace | None = None
    is_fork: bool = False
    tags: Texts = default(())
    options: SessionOptions = SessionOptions()

    @override
    @classmethod
    def written(cls) -> str:
        return 'Task("AGENT", "what to do")'

    @override
    @classmethod
    def hint_for(cls, value: object) -> str:
        fields = fields_written(value)
        task = f'Task("AGENT", "what to do", input={fields})' if fields else cls.written()
        return f"write {task}"

    @override
    def __hash__(self) -> int:
        raise TypeError(
            "a Task cannot be in a set or a key of a dictionary, since its input may be a dictionary; "
            "put tasks into a list: their results come in its order"
        )

    @override
    def _check(self) -> None:
        check_cache_seconds(self.cache_seconds, f"a task of agent {self.agent_name}")
        check_tags(self.tags)

    @override
    def _check_made(self) -> None:
        check_label(self.label)
        for model in (self.model, *self.ladder):
            check_filled("model", model)
        check_filled("key", self.key)

    @property
    def values(self) -> JsonObject:
        """The input as JSON, with the names of files for what they are."""
        return {
            name: value.called if isinstance(value, File) else value
            for name, value in self.input.items()
        }

    @property
    def agent_name(self) -> str:
        return self.agent if isinstance(self.agent, str) else self.agent.name

    @property
    def output_type(self) -> OutputType[T_co] | None:
        """The type of its agent's answers, if the task has the agent and not only its name."""
        return None if isinstance(self.agent, str) else self.agent.output_type


AnyTask: TypeAlias = Task[Any]


class OnFailure(StrEnum):
    """What a team does when one of its tasks fails, times out or uses up its budget.

    `keep_going` lets the others continue, `stop_new` ends those that have not begun, and
    `cancel_siblings` ends all that are live.
    """

    KEEP_GOING = "keep_going"
    STOP_NEW = "stop_new"
    CANCEL_SIBLINGS = "cancel_siblings"


OnFailureName: TypeAlias = OnFailure | Literal["keep_going", "stop_new", "cancel_siblings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTask(Checked):
    """Tasks that run in parallel as a team.

    Attributes:
        tasks: the tasks; their keys must differ. A task without a key has its position as key.
        name: the team's name in keys and tables; tables add its tasks to one without a name.
        model: `provider/model` for tasks that name none.
        max_parallel: the most runs at once, or None to use the process's limit.
        timeout_seconds: the time limit of the team; tasks still live by then end timed out.
        budget: the most that all tasks together may spend.
        on_failure: what happens to the other tasks when one fails.
        min_done: how many tasks must end in done, or the team has failed. Unless `on_failure` is
            `keep_going`, the team ends the rest as soon as that number is out of reach. None asks
            for no number.

    Raises:
        InvalidInput: `max_parallel`, `timeout_seconds` or `min_done` is out of range, or a name is empty.
    """

    tasks: NeededItems[AnyTask]
    name: str = UNNAMED
    model: str | None = None
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    budget: TakesBudget = default(NO_BUDGET)
    on_failure: Converted[OnFailure, OnFailureName] = default(OnFailure.KEEP_GOING)
    min_done: int | None = None

    @override
    def _check_made(self) -> None:
        check_filled("name of a team", self.name)
        check_filled("model", self.model)

    @override
    def _check(self) -> None:
        Limits(max_parallel=self.max_parallel, timeout_seconds=self.timeout_seconds)
        if self.min_done is not None and not 1 <= self.min_done <= len(self.tasks):
            raise InvalidInput(
                f"min_done is {self.min_done}",
                why=f"the team has {counted(len(self.tasks), 'task')}",
                hint="pass a number from 1 to the number of tasks, or leave min_done out",
            )

    @property
    def label(self) -> str:
        """What tables call the team: its name, or what its tasks are called."""
        if self.name != UNNAMED or not self.tasks:
            return self.name
        counts = Counter(task.label or task.agent_name for task in self.tasks)
        tasks = ", ".join(
            f"{count}x {name}" if count > 1 else name for name, count in counts.items()
        )
        label = f"{UNNAMED}: {tasks}"
        return label if len(label) <= _LABEL_CHARACTERS else f"{label[: _LABEL_CHARACTERS - 1]}…"

    @property
    def by_name(self) -> TeamTask:
        """The same with the names of its tasks' agents; the tasks' own sessions have the definitions."""
        tasks = [replace(task, agent=task.agent_name) for task in self.tasks]
        return replace(self, tasks=tuple(tasks))

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of each task: its own, or `task-N` by its position, counted from 1."""
        return tuple(task.key or f"task-{n}" for n, task in enumerate(self.tasks, start=1))
