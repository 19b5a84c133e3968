"""Team result: how a team ended, with the results of its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

from typing_extensions import override

from parallel_agents.core.dollars import cost_of
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import Result, RunStatus, T_co
from parallel_agents.core.several import Several
from parallel_agents.core.shown_results import table_of
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamResult(Frozen, Several[Result[T_co]], Generic[T_co]):
    """The result of a team.

    Attributes:
        key: identifies the run; running the same tasks under the same key resumes the run, or returns
            its results if it has ended.
        status: how the team ended: `done` if all tasks are done, `partial` if some are.
        results: one result for each task that has ended, in the order of the tasks.
        session_key: the key of the team's own session.
        seconds: the wall time for which processes executed the team.
    """

    key: str
    status: RunStatus
    results: tuple[Result[T_co], ...]
    session_key: SessionKey
    seconds: float

    @property
    def spend(self) -> Spend:
        """What all tasks and everything they spawned used."""
        return sum((result.total_spend for result in self.results), Spend())

    @property
    def cost_usd(self) -> float | None:
        return self.spend.cost_usd

    @property
    def known_cost_usd(self) -> float:
        """What is known of the cost: all of it, or the least that it can be."""
        return self.spend.known_usd

    @property
    def simulated_usd(self) -> float:
        """What its calls of simulated models would have cost, in USD."""
        return self.spend.simulated_usd

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE

    @override
    def __repr__(self) -> str:
        results = ", ".join(map(repr, self.results))
        return f"TeamResult({self.key!r}, {self.status}, {self.seconds:.1f}s, [{results}])"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """What `rich` prints."""
        yield "key", self.key
        yield "status", str(self.status)
        yield "seconds", round(self.seconds, 1)
        yield "cost", cost_of(self.spend)
        yield "results", list(self.results)

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of the results."""
        title = f"{self.key} {self.status}, {self.seconds:.1f}s"
        return table_of(title, [result.shown for result in self.results])
