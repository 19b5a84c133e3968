"""Tasks of the guides become runs of the catalog's agents, and each has one result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson
import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.task import Task
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.execution import execute
from parallel_agents.surfaces.openclaw.orchestrator import (
    RealAIParallelOrchestrator,
    save_results,
)
from parallel_agents.surfaces.openclaw.rosters import (
    AGENT_PROMPTS,
    create_content_team,
    create_dev_team,
    create_meta_agent_workflow,
    create_review_team,
)
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentResults, AgentTask
from parallel_agents.testing import RepliesWith, run_virtual

if TYPE_CHECKING:
    from tests.unit.surfaces.openclaw.conftest import OpenApp

POST = '{"content": "A post.", "hashtags": []}'
REVIEW = '{"issues": [], "summary": "Fine."}'


LEAD = Agent(
    name="lead",
    description="Leads.",
    instructions="Lead.",
    policy=Policy(spawns=("content_writer_funny",), max_children=2),
)
Carry: TypeAlias = Callable[..., list[AgentResult]]


class Slow(RepliesWith):
    """Takes a second for a post; counts how many it is asked for at once."""

    def __init__(self) -> None:
        super().__init__(lambda _: POST, "bench/m", latency_seconds=1.0)
        self.at_once = self.most_at_once = 0

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await super().respond(request, listener)
        finally:
            self.at_once -= 1


@pytest.fixture
def carry(open_app_with: OpenApp) -> Carry:
    """Gives the results of tasks whose model always says the same; what it was asked goes to `seen`."""

    def carried(
        tasks: Sequence[AgentTask], answer: str, seen: list[str] | None = None
    ) -> list[AgentResult]:
        model = RepliesWith(lambda _: answer, "bench/m")

        async def body() -> list[AgentResult]:
            async with open_app_with(model) as app:
                return await execute(app, Requester(), tasks, most=5, model=None)

        results = run_virtual(body())
        if seen is not None:
            seen += [request.messages[-1].text for request in model.requests]
        return results

    return carried


def test_an_answer_that_fits_is_completed_with_its_values(carry: Carry) -> None:
    task = AgentTask("content_writer_funny", "A post about gyms.", {"tone": "dry"})

    (result,) = carry([task], POST)

    assert result.status == "completed"
    assert result.success is True
    assert result.failed is False
    assert result.output == {"content": "A post.", "hashtags": []}
    assert result.task_id == task.task_id
    assert task.task_id.startswith("agent_content_writer_funny_")
    assert str(result.session_key).startswith("agent:content_writer_funny:")
    assert result.model_used == "bench/m"
    assert result.error is None


@pytest.mark.parametrize("answer", ["no JSON", '{"content": 7}', ""])
def test_an_answer_that_does_not_fit_is_failed_with_a_code(answer: str, carry: Carry) -> None:
    (result,) = carry([AgentTask("content_writer_funny", "A post.")], answer)

    assert result.status == "failed"
    assert (result.error or "").startswith("PA-E")


def test_an_empty_answer_is_failed_also_where_no_schema_refuses_it(carry: Carry) -> None:
    (result,) = carry([AgentTask("main", "Say nothing.", output_format="text")], " ")

    assert result.status == "failed"
    assert result.error


def test_input_that_an_agent_does_not_know_or_lacks_is_told_in_words(carry: Carry) -> None:
    seen: list[str] = []
    tasks = [
        AgentTask("code_reviewer", "Review it.", {"file": Path("a.py"), "tags": {"x"}}),
        AgentTask("code_reviewer", "Review it."),
        AgentTask("code_reviewer", "Review it.", {"code": "x = 1", "mood": "good"}),
    ]

    results = carry(tasks, REVIEW, seen=seen)

    assert [result.status for result in results] == ["completed"] * 3
    assert '"file": "a.py"' in seen[0]
    assert seen[1] == "Review it."
    assert '"mood": "good"' in seen[2]


@pytest.mark.parametrize(
    ("form", "words"), [("markdown", "Markdown"), ("code", "code"), ("text", "plain text")]
)
def test_a_form_of_words_is_asked_for_and_given_as_it_comes(
    form: str, words: str, carry: Carry
) -> None:
    seen: list[str] = []

    (result,) = carry(
        [AgentTask("code_reviewer", "Review it.", output_format=form)], "# Fine", seen=seen
    )

    assert result.status == "completed"
    assert result.output == "# Fine"
    assert words in seen[0]


def test_a_task_that_cannot_be_accepted_fails_alone(carry: Carry) -> None:
    tasks = [
        AgentTask("nobody", "Do it."),
        AgentTask("content_writer_funny", " "),
        AgentTask("content_writer_funny", "A post.", output_format="song"),
        AgentTask("content_writer_funny", "A post.", timeout_seconds=-1),
        AgentTask("content_writer_funny", "A post.", timeout_seconds=0),
    ]

    results = carry(tasks, POST)

    assert [(result.error or "")[:7] for result in results] == [
        "PA-E102",
        "PA-E101",
        "PA-E101",
        "PA-E101",
        "",
    ]
    assert [result.task_id for result in results] == [task.task_id for task in tasks]


async def test_more_tasks_than_are_wanted_at_once_wait_and_none_is_dropped(
    open_app_with: OpenApp,
) -> None:
    model = Slow()
    tasks = [AgentTask("content_writer_funny", f"Post {n}.") for n in range(20)]

    async with open_app_with(model) as app:
        began = asyncio.get_running_loop().time()
        results = await execute(app, Requester(), tasks, most=3, model=None)
        seconds = asyncio.get_running_loop().time() - began

    assert [result.status for result in results] == ["completed"] * 20
    assert model.most_at_once == 3
    assert 7 <= seconds < 8


async def test_under_a_session_they_are_its_children_within_its_policy(
    open_app_with: OpenApp,
) -> None:
    model = Slow()
    tasks = [AgentTask("content_writer_funny", f"Post {n}.") for n in range(8)]

    async with open_app_with(model, agents=[LEAD]) as app:
        lead = await app.sessions.spawn(Task("lead", "Wait."))
        requester = Requester(session=SessionKey(lead.session_key))
        refused = AgentTask("code_reviewer", "Review it.")
        results = await execute(app, requester, [*tasks, refused], most=5, model=None)
        parents = [
            str((await app.sessions.find(r.session_key or "")).session.parent) for r in results[:8]
        ]
        lead = lead.session_key

    assert [result.status for result in results[:8]] == ["completed"] * 8
    assert parents == [lead] * 8
    assert (results[8].error or "").startswith("PA-E108 agent code_reviewer may not be spawned")
    assert model.most_at_once <= 3  # the lead itself, and the two children that it may have


def test_results_are_had_by_number_by_id_and_one_after_the_other(tmp_path: Path) -> None:
    found = [AgentResult(task_id=name, agent_type="main", status="failed") for name in "abc"]
    results = AgentResults(found)

    assert results[0] is results["a"] is results.get("a")
    assert results[-2:] == found[1:]
    assert list(results) == list(results.values()) == found
    assert list(results.keys()) == ["a", "b", "c"]
    assert len(results) == 3
    assert "b" in results
    assert results.get("z") is None
    saved = save_results(results, tmp_path / "new" / "results.json")
    assert [item["task_id"] for item in orjson.loads(saved.read_bytes())] == ["a", "b", "c"]


def test_what_makes_no_sense_is_refused_before_anything_begins() -> None:
    twice = [AgentTask("main", "x", task_id="one"), AgentTask("main", "y", task_id="one")]

    with pytest.raises(ValueError, match="at least 1"):
        RealAIParallelOrchestrator(max_concurrent=0)
    with pytest.raises(ValueError, match="two tasks have the same task_id"):
        RealAIParallelOrchestrator().run_parallel(twice)


def test_the_teams_are_of_agents_that_are_there() -> None:
    content = create_content_team("rain", platform="bluesky")
    teams = [*content, *create_dev_team("App", ["auth"]), *create_review_team("x = 1")]
    meta = create_meta_agent_workflow([{"name": "a", "purpose": "b"}, {"name": "c"}])

    assert len(teams) == 15
    assert {task.agent_type for task in teams} <= set(AGENT_PROMPTS)
    assert all("rain" in task.task_description for task in content)
    assert [task.agent_type for task in meta] == ["agent_creator"] * 2 + [
        "agent_design_reviewer"
    ] * 2
    assert AGENT_PROMPTS["code_reviewer"]
