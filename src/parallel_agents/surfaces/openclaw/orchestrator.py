"""Orchestrator: teams of the catalog's agents, with the tasks and results of the guides.

A team is a run like any other: it is in the store before it starts, tasks beyond `max_concurrent`
wait, and each task ends in one status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.creating.created import ROUNDS, TARGET, CreateOptions
from parallel_agents.files import write_whole
from parallel_agents.surfaces.openclaw.execution import execute
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.refinement import refine_all
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
        self,
        agents: Iterable[Mapping[str, Any]],
        *,
        target: float = TARGET,
        rounds: int = ROUNDS,
        allow_weak_judge: bool = False,
    ) -> AgentResults:
        """Make agents better until a reviewer gives them their scores; return a result for each, in order.

        Each is tested and reviewed, and refined by what that found, until it is registered as its next
        version. One that is not good enough is a failed result that says why, and stays a draft.

        Args:
            agents: `name`, and `target` if it is not the one for all. `current_score` is not relied on.
            target: the score that they need, 0 to 10.
            rounds: the most versions of each.
            allow_weak_judge: whether a model that is known to judge badly may review.

        Raises:
            InvalidInput: an option is out of range.
            ConfigError, StoreError: nothing can be run.
        """
        options = CreateOptions(target=target, rounds=rounds, allow_weak_judge=allow_weak_judge)
        listed, shared = list(agents), live()
        found = shared.do(
            lambda app: refine_all(
                app,
                shared.requester,
                listed,
                options,
                most=self.max_concurrent,
                model=self.model,
            )
        )
        return self._keep(found)

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
