"""Flow: a plain async function over the verbs, whose named steps are stored as they end.

A flow that is run again calls its function again. Each step that is in the store returns what it returned
before, so that only the rest is done and paid for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from typing_extensions import override

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.checked import Checked
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Failure
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTask(Checked):
    """A call of a flow's function.

    Attributes:
        name: the function's; a process can execute the flow if it has a function of that name.
        label: what tables call it; empty for the function's name.
        input: the arguments, by name.
        options: what the function may be asked for otherwise each time that it is run.
        model: `provider/model` for tasks that name none.
        max_parallel: the most runs at once, or None to use the process's limit.
        timeout_seconds: the time limit of the flow.
        budget: the most that all steps may spend together, with everything they spawn.
        is_rerun: whether asking for it again has a further run made even after one that is done.

    Raises:
        InvalidInput: `max_parallel` or `timeout_seconds` is out of range.
    """

    name: str
    label: str = ""
    input: JsonObject = field(default_factory=dict[str, Json])
    options: JsonObject = field(default_factory=dict[str, Json])
    model: str | None = None
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    budget: Budget = NO_BUDGET
    is_rerun: bool = False

    @override
    def _check(self) -> None:
        Limits(max_parallel=self.max_parallel, timeout_seconds=self.timeout_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step of a flow began to call its function.

    Attributes:
        name: unique in the flow.
        digest: identifies its arguments; empty if they are not JSON.
    """

    name: str
    effect: Effect
    digest: str = ""
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batched:
    """Rows of a map were put into one task, before it is spawned.

    Attributes:
        batch: the key that it is spawned under.
        rows: the keys of the rows, in the order of their numbers in the task.
    """

    batch: str
    rows: tuple[str, ...]
    kind: Literal["batched"] = "batched"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsChanged:
    """A map that is run again has other rows than before.

    Attributes:
        gone: the keys of the rows, batches and combinations that no longer count.
        back: the keys of those that count again.
        order: the keys of its rows in their order, if that is not the order in which they were begun.
        first: how many rows are before those of `order`, in the events before this one.
    """

    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    first: int = 0
    kind: Literal["rows_changed"] = "rows_changed"

    def apply(self, gone: set[str]) -> None:
        """Bring the keys of all that does not count up to date."""
        gone.update(self.gone)
        gone.difference_update(self.back)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """The function of a step returned or raised.

    Attributes:
        output: what it returned; None if it raised.
        error: what it raised; None if it returned.
    """

    name: str
    output: Json = None
    error: Failure | None = None
    seconds: float = 0.0
    kind: Literal["step_finished"] = "step_finished"


FlowBody: TypeAlias = StepStarted | StepFinished | Batched | RowsChanged
