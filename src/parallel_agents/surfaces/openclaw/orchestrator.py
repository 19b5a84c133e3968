"""Orchestrator: teams of the catalog's agents, with the tasks and results of the guides.

A team is a run like any other: it is in the store before it starts, tasks beyond `max_concurrent`
wait, and each task ends in one status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.files import write_whole
from parallel_agents.surfaces.openclaw.agents import not_yet
from parallel_agents.surfaces.openclaw.execution import execute
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.outcomes import describe_error
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentResults, AgentTask


class RealAIParallelOrchestrator:
    """Runs tasks in parallel, and collects their results.

    Args:
        max_concurrent: agents at once; other tasks wait, in order. The setting `max_parallel` also
            limits the whole process.
        model: `provider/model` for all tasks; by default the choice of the agents and the settings.

    Attributes:
        results: the results of all calls so far.

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
        """Run all tasks and wait; return a result for each, in order, even for failed ones.

        Raises:
            ValueError: two tasks have the same id.
            ConfigError, StoreError: nothing can be run.
        """
        listed = list(tasks)
        if len({task.task_id for task in listed}) < len(listed):
            raise ValueError("two tasks have the same task_id; leave it out, or give each its own")
        shared = live()
        found = shared.do(
            lambda app: execute(
                app, shared.requester, listed, most=self.max_concurrent, model=self.model
            )
        )
        return self._keep(found)

    def run_iterative_refinement(
        self, agents: Iterable[Mapping[str, Any]], **options: object
    ) -> AgentResults:
        """Not implemented yet: return a failed result for each agent, with the error's code."""
        del options
        error = describe_error(not_yet("run_iterative_refinement"))
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
        """Write all results so far as JSON; return the path of the file."""
        return save_results(self.results, path)

    def _keep(self, found: Sequence[AgentResult]) -> AgentResults:
        self.results = AgentResults([*self.results, *found])
        return AgentResults(found)


def run_parallel(
    tasks: Iterable[AgentTask], max_concurrent: int = 5, model: str | None = None
) -> AgentResults:
    """Run tasks as an orchestrator does, but without collecting the results of several calls."""
    return RealAIParallelOrchestrator(max_concurrent, model).run_parallel(tasks)


def save_results(results: Iterable[AgentResult], path: str | Path) -> Path:
    """Write results as a JSON list with the fields of `AgentResult`; return the file's path."""
    target = Path(path).expanduser().absolute()
    content = orjson.dumps([result.to_dict() for result in results], option=orjson.OPT_INDENT_2)
    write_whole(target, content + b"\n")
    return target
