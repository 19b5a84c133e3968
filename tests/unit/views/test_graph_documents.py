from __future__ import annotations

from parallel_agents.core.plan import Plan, Step
from parallel_agents.views.graph_documents import graph_json


def test_steps_have_levels_and_those_of_an_inner_plan_name_where_they_are() -> None:
    inner = Plan(name="inner", steps=(Step(id="look", agent="reader", text="x"),))
    plan = Plan(
        name="all",
        steps=(
            Step(id="first", agent="writer", text="x"),
            Step(id="then", needs=("first",), plan=inner),
        ),
    )

    found = graph_json(plan)

    assert [(s["id"], s["within"], s["level"], s["needs"]) for s in found["steps"]] == [
        ("first", "", 0, []),
        ("then", "", 1, ["first"]),
        ("then/look", "then", 0, []),
    ]
    assert found["mermaid"].startswith("flowchart")
