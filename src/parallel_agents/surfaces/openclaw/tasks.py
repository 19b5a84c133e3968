"""Tasks: what an orchestrator takes and returns, in the terms of the guides."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, overload

from typing_extensions import override

TIMEOUT_SECONDS = 120


@dataclass(slots=True)
class AgentTask:
    """A task for one agent.

    Attributes:
        agent_type: an agent's name.
        task_description: what to do.
        input_data: input values. Values that the agent's input schema does not accept become part
            of the task; missing values are not an error.
        task_id: the label of its session; by default `agent_TYPE_` and eight digits.
        timeout_seconds: the run's time limit, without its time in the queue; 0 is no limit.
        output_format: `json` is the agent's own answer, by its schema; `markdown`, `code` and
            `text` are free text.
    """

    agent_type: str
    task_description: str
    input_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    task_id: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS
    output_format: str = "json"

    def __post_init__(self) -> None:
        self.task_id = self.task_id or f"agent_{self.agent_type}_{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentResult:
    """The result of a task.

    Attributes:
        status: `pending`, `running`, `completed` or `failed`.
        output: the answer, which matches the agent's schema; None if there is none.
        execution_time: seconds, without the time in the queue.
        error: the code of the error, and what to do about it.
        session_key: the session: `sessions_history(session_key)`.
        model_used: the model that answered.
        cost_usd: None if a price is unknown.
    """

    task_id: str
    agent_type: str
    status: str
    output: Any = None
    execution_time: float = 0.0
    error: str | None = None
    session_key: str | None = None
    model_used: str | None = None
    cost_usd: float | None = None

    @property
    def success(self) -> bool:
        return self.status == "completed"

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class AgentResults(Sequence[AgentResult]):
    """Results in the order of their tasks, or by task id, like a dictionary."""

    def __init__(self, results: Iterable[AgentResult] = ()) -> None:
        self._by_id = {result.task_id: result for result in results}

    @overload
    def __getitem__(self, key: int | str) -> AgentResult: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[AgentResult]: ...

    @override
    def __getitem__(self, key: int | str | slice) -> AgentResult | Sequence[AgentResult]:
        if isinstance(key, str):
            return self._by_id[key]
        return list(self._by_id.values())[key]

    @override
    def __len__(self) -> int:
        return len(self._by_id)

    @override
    def __contains__(self, value: object) -> bool:
        return value in self._by_id or value in self._by_id.values()

    @override
    def __repr__(self) -> str:
        return f"AgentResults({list(self._by_id.values())!r})"

    def keys(self) -> Iterable[str]:
        return self._by_id.keys()

    def values(self) -> Iterable[AgentResult]:
        return self._by_id.values()

    def items(self) -> Iterable[tuple[str, AgentResult]]:
        return self._by_id.items()

    def get(self, task_id: str, default: AgentResult | None = None) -> AgentResult | None:
        return self._by_id.get(task_id, default)
