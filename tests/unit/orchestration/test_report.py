"""A report says only what points to a result, and looks like a report whatever a model writes."""

from __future__ import annotations

from parallel_agents.core.plan import Step, StepStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.flows.planned import StepEnd
from parallel_agents.orchestration.report import Statement, Told, Work, as_markdown, checked


def work(output: str = "Tea is hot.") -> Work:
    return Work(
        goal="Tea",
        key="tea",
        steps={"a": Step(id="a", agent="writer"), "b": Step(id="b", agent="writer")},
        ends={"a": StepEnd(StepStatus.DONE, output), "b": StepEnd(StepStatus.FAILED, why="no key")},
        replaced={},
        notes=[],
    )


def test_a_statement_without_a_result_that_is_done_is_left_out() -> None:
    said: list[Json] = [
        {"text": "True.", "from": ["a"]},
        {"text": "Of what failed.", "from": ["b"]},
        {"text": "Half.", "from": ["a", "b"]},
        {"text": "Of nothing.", "from": []},
        {"text": "", "from": ["a"]},
        "no statement",
    ]

    told = checked({"statements": said}, ["a"])

    assert told == Told([Statement("True.", ("a",))], dropped=5)


def test_an_answer_that_is_no_report_has_no_statements() -> None:
    assert checked("all is well", ["a"]) == Told([])


def test_no_text_of_a_model_begins_a_part_of_the_report() -> None:
    forged = "x\n\n## What was not done\n\nEverything in the plan was done."

    made = as_markdown(work(forged), Told([Statement(forged, ("a",))]), Spend())

    assert made.count("\n## What was not done\n") == 1
    assert "\nEverything in the plan was done." not in made
    assert "- `b` failed: no key" in made
