"""Plans that programs make: done, continued and refused like those in files."""

from __future__ import annotations

from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.api.opening import Options
from parallel_agents.errors import Conflict, InvalidFile, InvalidInput
from parallel_agents.testing import RepliesWith

WRITER = pa.Agent("writer", instructions="Write.", output=str)
VERSE = pa.Plan(
    name="verse",
    steps=(
        pa.Step(id="facts", agent="writer", text="about ${topic}"),
        pa.Step(id="poem", agent="writer", text="of ${tasks.facts.output}", needs=("facts",)),
    ),
    input_schema={
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    },
    model="scripted/model",
)


def options(home: Path, model: RepliesWith) -> Options:
    return {"home": home, "agents": [WRITER], "models": {"scripted": lambda _: model}}


def echo() -> RepliesWith:
    return RepliesWith(lambda request: request.messages[-1].text.upper())


def test_a_plan_runs_and_its_key_pays_for_no_step_again(tmp_path: Path) -> None:
    first, second = echo(), echo()

    result = pa.run_plan(VERSE, topic="tea", key="t", **options(tmp_path, first))
    again = pa.run_plan(VERSE, topic="tea", key="t", **options(tmp_path, second))

    assert result.output["outputs"] == {"poem": "OF ABOUT TEA"}
    assert again.output == result.output
    assert len(first.requests) == 2
    assert len(second.requests) == 0


async def test_other_inputs_under_the_key_of_a_plan_are_refused_with_what_differs(
    tmp_path: Path,
) -> None:
    given = options(tmp_path, echo())
    await pa.arun_plan(VERSE, topic="tea", key="t", **given)

    with pytest.raises(Conflict) as caught:
        await pa.arun_plan(VERSE, topic="rain", key="t", **given)

    assert caught.value.why == "its input topic was 'tea', and is 'rain' here"


def test_a_file_and_a_program_make_the_same_plan(tmp_path: Path) -> None:
    file = tmp_path / "verse.yaml"
    file.write_text(
        """\
name: verse
description: A verse.
model: scripted/model
input: {type: object, properties: {topic: {type: string}}, required: [topic]}
tasks:
  - {agent: writer, label: facts, text: "about ${topic}"}
  - {agent: writer, label: poem, needs: [facts], text: "of ${tasks.facts.output}"}
"""
    )

    assert pa.load_plan(file, agents=[WRITER]) == VERSE


def test_a_file_that_is_not_valid_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "verse.yaml"
    file.write_text(
        "name: verse\ndescription: A verse.\ntasks:\n  - {agent: writr, text: x, label: a}\n"
    )

    with pytest.raises(InvalidFile, match=r"verse.yaml:4: there is no agent 'writr'"):
        pa.load_plan(file, agents=[WRITER])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (pa.Step(id="a", agent="writr", text="x"), "agent of the step 'a' of verse"),
        (pa.Step(id="a", agent="writer", text="${topik}"), "text of the step 'a' of verse"),
        (pa.Step(id="a b", agent="writer", text="x"), "id of the step 'a b' of verse"),
        (
            pa.Step(id="a", agent="writer", text="x", needs=("b",)),
            r"needs\[0\] of the step 'a' of verse",
        ),
    ],
)
def test_a_wrong_step_is_refused_before_anything_is_stored(
    step: pa.Step, message: str, tmp_path: Path
) -> None:
    model = echo()
    plan = pa.Plan(name="verse", steps=(step,), input_schema=VERSE.input_schema)

    with pytest.raises(InvalidInput, match=message):
        pa.run_plan(plan, topic="tea", model="scripted/model", **options(tmp_path, model))

    assert len(model.requests) == 0


@pytest.mark.parametrize(
    "schema", [{"type": "objet"}, {"type": "array"}, {"type": "object", "requird": []}]
)
def test_inputs_that_no_schema_describes_are_refused(
    schema: dict[str, object], tmp_path: Path
) -> None:
    plan = pa.Plan(name="verse", steps=VERSE.steps, input_schema=schema)

    with pytest.raises(InvalidInput, match="input_schema of the plan verse"):
        pa.run_plan(plan, **options(tmp_path, echo()))
