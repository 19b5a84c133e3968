"""Orchestrator: teams of the catalog's agents as tasks and results in the words of the guides.

A team is a run like any other: it is in the store before it begins, what does not fit into
`max_concurrent` waits, and each task ends in one status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.files import write_whole
from parallel_agents.surfaces.openclaw.agents import not_yet
from parallel_agents.surfaces.openclaw.carrying import carry_out
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.outcomes import error_words
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentResults, AgentTask


class RealAIParallelOrchestrator:
    """Runs tasks side by side, and keeps their results.

    Args:
        max_concurrent: agents at once; the rest waits, in the order of the tasks. The setting
            `max_parallel` bounds the whole process beside it.
        model: `provider/model` for all; without it the agents' and the settings' choice.

    Attributes:
        results: of all calls so far.

    Raises:
        ValueError: `max_concurrent` is less than 1.
    """

    def __init__(self, max_concurrent: int = 5, model: str | None = None) -> None:
        if max_concurrent < 1:
            raise ValueError(f"max_concurrent is {max_concurrent}; it must be at least 1")
        self.max_concurrent = max_concurrent
        self.model = model
        self.results = AgentResults()

    def run_parallel(self, tasks: Iterable[AgentTask]) -> AgentResults:
        """Run all tasks and wait for them: a result for each, in order, whatever became of it.

        Raises:
            ValueError: two tasks have one id.
            ConfigError, StoreError: what stands in the way of all.
        """
        given = list(tasks)
        if len({task.task_id for task in given}) < len(given):
            raise ValueError("two tasks have one task_id; leave it out, or give each its own")
        shared = live()
        found = shared.do(
            lambda app: carry_out(
                app, shared.requester, given, most=self.max_concurrent, model=self.model
            )
        )
        return self._keep(found)

    def run_iterative_refinement(
        self, agents: Iterable[Mapping[str, Any]], **options: object
    ) -> AgentResults:
        """Not here yet: a failed result for each agent, with the error's code."""
        del options
        error = error_words(not_yet("run_iterative_refinement"))
        return self._keep(
            [
                AgentResult(
                    task_id=f"refine_{agent.get('name', number)}",
                    agent_type="agent_refiner",
                    status="failed",
                    error=error,
                )
                for number, agent in enumerate(agents, start=1)
            ]
        )

    def save_results(self, path: str | Path) -> Path:
        """Write all results so far as JSON; where they are."""
        return save_results(self.results, path)

    def _keep(self, found: Sequence[AgentResult]) -> AgentResults:
        self.results = AgentResults([*self.results, *found])
        return AgentResults(found)


def run_parallel(
    tasks: Iterable[AgentTask], max_concurrent: int = 5, model: str | None = None
) -> AgentResults:
    """The same without an orchestrator that keeps the results."""
    return RealAIParallelOrchestrator(max_concurrent, model).run_parallel(tasks)


def save_results(results: Iterable[AgentResult], path: str | Path) -> Path:
    """Write results as JSON: a list of objects with the fields of `AgentResult`; where they are."""
    target = Path(path).expanduser().absolute()
    content = orjson.dumps([result.to_dict() for result in results], option=orjson.OPT_INDENT_2)
    write_whole(target, content + b"\n")
    return target
