"""Drafts: what creators of agents answered, kept as drafts, for the reviewers that come after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from parallel_agents.agent_versions.record import DraftRecord, Files, Proof
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.core.schema import JsonObject
from parallel_agents.creating.asking import CREATOR, REVIEWER, draft_text
from parallel_agents.creating.candidate import files_of
from parallel_agents.creating.request import check_name
from parallel_agents.creating.review import read_output
from parallel_agents.errors import DraftMissing, PagentsError
from parallel_agents.surfaces.openclaw.outcomes import describe_error
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentTask

_UNTESTED = "its cases were not run"


class _Pair(NamedTuple):
    """A reviewer, and the creator of the agent that it reviews."""

    reviewer: AgentTask
    creator: AgentTask


class Drafts:
    """Keeps the drafts of a list of tasks.

    Args:
        registry: of the home.
    """

    def __init__(self, registry: AgentRegistry) -> None:
        self._registry = registry
        self._files: dict[str, Files] = {}

    async def with_drafts(
        self, reviews: Mapping[str, _Pair], ended: Mapping[str, AgentResult]
    ) -> tuple[list[AgentTask], dict[str, AgentResult]]:
        """The reviewers with the drafts that they read, and the results of those that have none."""
        ready: list[AgentTask] = []
        refused: dict[str, AgentResult] = {}
        for pair in reviews.values():
            task, creator = pair.reviewer, ended[pair.creator.task_id]
            name = _named(task)
            try:
                files = self._written(name, creator)
                purpose = str(pair.creator.input_data.get("purpose") or "")
                await self._keep(name, files, purpose, Proof(), (_UNTESTED,))
            except PagentsError as error:
                refused[task.task_id] = AgentResult(
                    task_id=task.task_id,
                    agent_type=task.agent_type,
                    status="failed",
                    error=describe_error(error),
                )
                continue
            self._files[name] = files
            values = {**task.input_data, "draft": draft_text(files)}
            ready.append(
                AgentTask(
                    task.agent_type,
                    task.task_description,
                    values,
                    task.task_id,
                    task.timeout_seconds,
                    task.output_format,
                )
            )
        return ready, refused

    async def note_reviews(
        self, tasks: Sequence[AgentTask], reviewed: Mapping[str, AgentResult]
    ) -> None:
        """Keep the scores with the drafts."""
        for task in tasks:
            result, name = reviewed[task.task_id], _named(task)
            files = self._files[name]
            if result.output is None:
                continue
            review = read_output(result.output, (draft_text(files),))
            proof = Proof(score=review.score, judge_model=result.model_used or "")
            purpose = str(task.input_data.get("purpose") or "")
            told = () if review.score is not None else (f"it has no score: {review.why}",)
            await self._keep(name, files, purpose, proof, (_UNTESTED, *told))

    def _written(self, name: str, creator: AgentResult) -> Files:
        """The files of a draft.

        Raises:
            DraftMissing: the creator made none.
            InvalidInput, InvalidFile: no agent can be written of what it made.
        """
        if not isinstance(creator.output, Mapping):
            raise DraftMissing(
                f"there is no draft of {name} to review",
                why=f"its creator is {creator.status}",
                hint="run the creator again; `pagents agents new` does both",
            )
        check_name(name)
        try:
            return files_of(name, cast("JsonObject", creator.output))
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise DraftMissing(
                f"there is no draft of {name} to review",
                why="its creator answered with something else than a design",
                hint="leave output_format as json, and run the creator again",
            ) from error

    async def _keep(
        self, name: str, files: Files, purpose: str, proof: Proof, reasons: tuple[str, ...]
    ) -> None:
        record = DraftRecord(at=0, purpose=purpose, reasons=reasons, proof=proof)
        await self._registry.keep_draft(name, files, record)


def reviews_among(tasks: Sequence[AgentTask]) -> dict[str, _Pair]:
    """The reviewers of agents that other tasks make, by their ids."""
    creators = {
        str(task.input_data.get("name")): task for task in tasks if task.agent_type == CREATOR
    }
    return {
        task.task_id: _Pair(task, creators[_named(task)])
        for task in tasks
        if task.agent_type == REVIEWER
        and _named(task) in creators
        and not task.input_data.get("draft")
    }


def _named(reviewer: AgentTask) -> str:
    return str(reviewer.input_data.get("agent_name"))
