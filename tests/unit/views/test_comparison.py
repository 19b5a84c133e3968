from __future__ import annotations

import orjson

from parallel_agents.comparing.comparison import Comparison
from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Capabilities
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.comparison import comparison_json


async def compared(*labels: tuple[str, str]) -> Comparison:
    """Two runs of a team on a model without a price, which answers the text of its task."""
    writer = Agent(name="writer", description="", instructions="Write.")
    model = RepliesWith(
        lambda request: request.messages[0].text, latency_seconds=1, capabilities=Capabilities()
    )
    async with open_rig(model, agents=[writer]) as rig:
        for key in (0, 1):
            tasks = tuple(Task("writer", each[key], label=each[0]) for each in labels)
            team = TeamTask(name="crew", tasks=tasks)
            await (await rig.sessions.spawn_team(team, key="ab"[key])).wait()
        return await rig.sessions.compare("a", "b")


async def test_the_document_has_both_sides_and_null_for_what_is_not_known() -> None:
    document = comparison_json(await compared(("tea", "green tea"), ("mint", "mint")), 1)

    assert orjson.loads(orjson.dumps(document)) == document
    assert document["a"]["session_key"] == "team:crew:a"
    assert document["a"]["whole_cost"] is None
    assert (document["identical"], document["rows_total"]) == (1, 1)
    assert [row["why"] for row in document["rows"]] == ["task changed"]
    first = document["divergence"]
    assert first is not None
    assert (first["label"], first["step"], first["part"], first["what"]) == (
        "tea",
        0,
        "input",
        "task",
    )
    assert first["then"] is not None
    assert (first["then"]["before"], first["then"]["after"]) == ("tea", "green tea")
    assert [(each["of"], each["name"], each["after"]) for each in document["changed"]] == [
        ("tea", "task", "green tea")
    ]


async def test_only_so_many_rows_are_listed_and_all_are_counted() -> None:
    document = comparison_json(await compared(*((each, f"{each}s") for each in "abc")), 2)

    assert (len(document["rows"]), document["rows_total"]) == (2, 3)
