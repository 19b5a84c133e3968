"""A team file whose tasks need each other becomes a plan; what could only fail is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.source import Source
from parallel_agents.catalog.team import Team
from parallel_agents.catalog.team_file import parse_team
from parallel_agents.core.agent import Agent
from parallel_agents.core.plan import Loop, RunIf
from parallel_agents.core.template import fill_text
from parallel_agents.errors import InvalidFile, UnknownAgent

POET = Agent("poet", instructions="Write.")
LISTER = Agent(
    "lister",
    instructions="List.",
    output_schema={
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "string"}},
            "title": {"type": "string"},
        },
        "additionalProperties": False,
    },
)
PICKY = Agent(
    "picky",
    instructions="Pick.",
    input_schema={
        "type": "object",
        "properties": {"code": {"type": "string"}},
        "required": ["code"],
        "additionalProperties": False,
    },
)
HEAD = """\
name: verse
description: Poems.
input:
  type: object
  properties: {topic: {type: string}, mood: {type: string}}
  required: [topic]
tasks:
  - {agent: lister, label: facts, text: "On ${topic}"}
"""
FULL = (
    HEAD
    + """\
  - agent: poet
    label: verses
    needs: [facts]
    run_if: any_done
    when: len(tasks.facts.output.items) > 0 and topic != ""
    for_each: ${tasks.facts.output.items}
    min_done: 1
    max_parallel: 2
    loop: {until: len(text) > 3, rounds: 2, keep_last: true}
    hand_off: [lister]
    person: Who knows ${item}?
    approve: Shall ${topic} begin?
    text: On ${item}, ${loop.output}
  - {person: "Which of ${tasks.verses.output}?", label: pick, needs: [verses]}
"""
)


def find_agent(name: str) -> Agent:
    known = {"poet": POET, "lister": LISTER, "picky": PICKY}
    if name not in known:
        raise UnknownAgent(f"there is no agent {name!r}", hint="did you mean 'poet'?")
    return known[name]


def parsed(text: str) -> Team:
    return parse_team(Source(Path("verse.yaml"), text), find_agent)


def test_every_field_of_a_task_reaches_the_plan() -> None:
    plan = parsed(FULL).plan

    assert plan is not None
    verses = plan.by_id["verses"]
    assert verses.needs == ("facts",)
    assert verses.run_if is RunIf.ANY_DONE
    assert verses.when == 'len(tasks.facts.output.items) > 0 and topic != ""'
    assert verses.for_each == "${tasks.facts.output.items}"
    assert (verses.min_done, verses.max_parallel) == (1, 2)
    assert verses.loop == Loop(until="len(text) > 3", rounds=2, keep_last=True)
    assert verses.agents == ("poet", "lister")
    assert verses.person == "Who knows ${item}?"
    assert verses.approve == "Shall ${topic} begin?"
    assert plan.by_id["pick"].agent == ""


@pytest.mark.parametrize("limit", ["timeout_seconds", "max_parallel"])
@pytest.mark.parametrize("value", ["0", "-1", "99999999999"])
def test_a_limit_of_the_file_that_is_none_is_refused_with_its_line(limit: str, value: str) -> None:
    text = f"name: plan\ndescription: d\n{limit}: {value}\ntasks:\n  - {{agent: main, text: x, needs: []}}\n"

    with pytest.raises(InvalidFile, match=r"plan\.yaml:3: "):
        Catalog().plan(Path("plan.yaml"), text)


def test_a_file_without_such_a_field_stays_a_team() -> None:
    team = parsed(HEAD)

    assert team.plan is None
    assert [task.label for task in team.tasks] == ["facts"]


def test_an_approval_that_is_only_true_asks_with_the_text() -> None:
    plan = parsed(f"{HEAD}  - {{agent: poet, needs: [facts], approve: true, text: Go}}\n").plan

    assert plan is not None
    assert plan.by_id["poet"].approve == "May the task poet begin?\n\nGo"


def test_an_approval_of_items_asks_with_the_text_as_it_is_written() -> None:
    task = "agent: poet, for_each: [1], approve: true, text: 'On ${item} of ${topic}'"
    plan = parsed(f"{HEAD}  - {{{task}}}\n").plan

    assert plan is not None
    assert fill_text(plan.by_id["poet"].approve, {}).endswith("On ${item} of ${topic}")


@pytest.mark.parametrize(
    ("task", "message", "hint"),
    [
        ("needs: [fact], text: x", "no task has the label 'fact'", "did you mean 'facts'?"),
        ("need: [facts], text: x", "there is no field 'tasks[1].need'", "did you mean 'needs'?"),
        ("needs: [last], text: x", "poet → last → poet", "take one of these out of `needs`"),
        ("needs: [poet], text: x", "poet → poet", "take one of these"),
        ("needs: [facts]", "'text' is missing", "add `text: ...`"),
        ("for_each: 5, text: x", "for_each' is invalid: it must be a list", "`pagents docs plans`"),
        ("approve: '', text: x", "it must be true, or the question", "`pagents docs plans`"),
        ("needs: facts, text: x", "it must be a list", "`pagents docs plans`"),
        ("needs: [facts], text: $5", "a dollar that does not", "$$ for a dollar"),
        ("needs: [facts], text: '${topc}'", "${topc} is not an input", "did you mean 'topic'?"),
        ("needs: [facts], text: '${facts}'", "${facts} is not", "${tasks.facts.output}"),
        ("needs: [facts], text: '${mood}'", "${mood} may have no value", "list 'mood' under"),
        ("when: 'true', text: '${tasks.facts.output}'", "does not need", "add 'facts' to `needs:`"),
        ("needs: [facts], text: '${tasks.fcts.output}'", "no label 'fcts'", "mean 'facts'?"),
        ("needs: [facts], text: '${tasks.facts.out}'", "not a part of", "tasks.facts.output"),
        (
            "needs: [facts], text: '${tasks.facts.output.itms}'",
            "which no answer can have",
            "did you mean 'items'?",
        ),
        ("needs: [facts], when: 'tasks.facts.output.itms', text: x", "no answer", "'items'"),
        ("needs: [facts], when: 'len(', text: x", "not a condition", "write a condition"),
        ("needs: [facts], text: '${item}'", "${item} has no value here", "`for_each:`"),
        ("needs: [facts], text: '${loop.round}'", "no value here", "`loop:`"),
        (
            "needs: [facts], for_each: '${tasks.facts.output.title}', text: x",
            "is a text",
            "name a list",
        ),
        ("needs: [facts], for_each: '${topic}', text: x", "is a text", "name a list"),
        ("needs: [facts], for_each: 'a b', text: x", "neither a list", "${tasks.LABEL"),
        ("needs: [facts], max_parallel: 2, text: x", "about the items", "delete `max_parallel:`"),
        ("loop: {until: 'score > 1'}, text: x", "which no answer can have", "name a field"),
        ("hand_off: [pot], text: x", "there is no agent 'pot'", "did you mean 'poet'?"),
    ],
)
def test_a_task_that_could_only_fail_is_refused_with_its_line(
    task: str, message: str, hint: str
) -> None:
    text = f"{HEAD}  - {{agent: poet, {task}}}\n  - {{agent: poet, label: last, text: x, needs: [poet]}}\n"

    with pytest.raises(InvalidFile) as caught:
        parsed(text)

    assert caught.value.message.startswith("verse.yaml:9: ")
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{label: a, needs: [facts]}", "has no agent, flow or person"),
        ("{person: Who?, label: a, text: x}", "a task without an agent has no 'text'"),
        ("{agent: poet, label: a b, needs: [facts], text: x}", "cannot be the label"),
        ("{agent: poet, label: facts, needs: [facts], text: x}", "two tasks have the label"),
        ("{agent: picky, needs: [facts], text: x}", "picky needs the input 'code'"),
        ("{agent: picky, needs: [facts], text: x, input: {code: 1}}", "picky does not accept"),
        (
            "{agent: picky, needs: [facts], text: x, input: {code: '${topic}', cod: 1}}",
            "picky has no input 'cod'",
        ),
        ("{flow: other.yaml, needs: [facts]}", "the flow 'other.yaml' is not valid"),
    ],
)
def test_a_task_that_is_not_one_thing_is_refused(task: str, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        parsed(f"{HEAD}  - {task}\n")


def told(text: str) -> list[tuple[int, str]]:
    """What is wrong with a file, with the line of each."""
    with pytest.raises(InvalidFile) as caught:
        parsed(text)
    return [
        (each.line, each.message.split(": ", 1)[1]) for each in (caught.value, *caught.value.others)
    ]


def test_everything_that_is_wrong_with_a_file_is_told_at_once() -> None:
    tasks = """\
  - {agent: poet, label: a, txt: x, needs: [facts]}
  - {agent: poet, label: b, needs: [fcts], text: "${topic} ${tasks.facts.output} ${nope}"}
  - {agent: pot, label: c, when: "1 +", text: x}
  - {agent: picky, label: d, text: x, input: {code: 1}}
  - {agent: poet, label: e, needs: [f], text: "${tasks.f.output}"}
  - {agent: poet, label: f, needs: [e], text: "${tasks.facts.output.items}"}
  - {agent: poet, label: g, needs: [facts], text: "${tasks.facts.output.itms}", gates: [{regex: "("}]}
  - {agent: poet, label: h, text: "${tasks.g.output}"}
  - {agent: poet, label: i, text: x, max_parallel: 0}
"""

    found = told(HEAD + tasks)

    assert [line for line, _ in found] == [9, 10, 10, 11, 11, 12, 13, 15, 15, 16, 17]
    messages = "; ".join(message for _, message in found)
    for part in ("no field 'tasks[1].txt'", "no task has the label 'fcts'", "${nope}"):
        assert part in messages
    for part in ("no agent 'pot'", "picky does not accept", "in a circle: e → f → e"):
        assert part in messages
    for part in ("itms", "max_parallel", "that 'h' does not need"):
        assert part in messages


def test_a_fault_of_a_field_does_not_hide_the_others() -> None:
    tasks = """\
  - {agent: pot, label: a, text: "${topik}"}
  - {agent: poet, label: b, text: "${loop.output}", loop: {rounds: 3}}
  - {agent: poet, label: c, needs: [d], when: "(((", text: x}
  - {agent: poet, label: d, needs: [c], text: x, gates: [{judge: {votes: 1}}, {regex: "("}]}
"""

    found = told(HEAD.replace("description", "descripion") + tasks)

    assert [line for line, _ in found] == [2, 9, 9, 10, 11, 11, 12, 12]


def test_an_agent_whose_creation_is_wrong_is_not_told_as_unknown() -> None:
    tasks = "  - {create: {purpose: x}, label: a}\n  - {agent: made, needs: [a], text: x}\n"

    ((line, message),) = told(HEAD + tasks)

    assert line == 9
    assert message == "'tasks[1].create.name' is missing"


@pytest.mark.parametrize("kind", ["3", "{type: array}"])
def test_nothing_is_said_of_inputs_whose_schema_is_wrong(kind: str) -> None:
    tasks = "tasks:\n  - {agent: poet, label: a, text: '${topic}', when: topic > 3}\n"

    for name in ("input", "inputs"):
        ((line, _),) = told(f"name: verse\ndescription: d\n{name}: {kind}\n{tasks}")

        assert line == 3


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{agent: poet, lable: a, text: x}", "there is no field 'tasks[1].lable'"),
        ("{agent: poet, label: a, text: 3, needs: [facts]}", "'tasks[1].text' is invalid"),
        ("{agent: poet, label: a, fr_each: [1], text: '${item}'}", "there is no field"),
        ("{agent: picky, label: a, inputs: {code: x}, text: x}", "there is no field"),
        ("{agent: pot, label: a, needs: [facts], text: x}", "there is no agent 'pot'"),
        ("{label: a, needs: [facts]}", "has no agent, flow or person"),
        ("{flow: other.yaml, label: a}", "the flow 'other.yaml' is not valid"),
    ],
)
def test_what_only_follows_from_another_fault_is_not_told(task: str, message: str) -> None:
    after = "{agent: poet, label: b, needs: [a], text: '${tasks.a.output}'}"

    ((line, found),) = told(f"{HEAD}  - {task}\n  - {after}\n")

    assert line == 9
    assert message in found


def test_a_placeholder_for_a_result_says_how_a_team_gets_it() -> None:
    with pytest.raises(InvalidFile) as caught:
        parsed(f"{HEAD}  - {{agent: poet, text: '${{tasks.facts.output}}'}}\n")

    assert caught.value.hint == "add `needs: [facts]` to this task for the result of that one"


def write(folder: Path, name: str, tasks: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\ndescription: d\ninput: {{type: object, properties: "
        f"{{topic: {{type: string}}}}, required: [topic]}}\ntasks:\n{tasks}"
    )
    return file


def test_a_task_may_be_another_file(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", "inner", "  - {agent: main, label: page, text: 'On ${topic}'}\n")
    flow = "  - {flow: parts/inner.yaml, input: {topic: '${topic}'}}\n"
    last = "  - {agent: main, needs: [inner], text: '${tasks.inner.output.page}'}\n"

    plan = Catalog().team(write(tmp_path, "outer", flow + last)).plan

    assert plan is not None
    inner = plan.by_id["inner"].plan
    assert inner is not None
    assert [step.id for step in inner.steps] == ["page"]


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        ("{flow: inner.yaml}", "inner needs the input 'topic'"),
        ("{flow: inner.yaml, input: {topic: a, tpic: b}}", "inner has no input 'tpic'"),
        ("{flow: outer.yaml, input: {topic: a}}", "outer.yaml → outer.yaml"),
    ],
)
def test_another_file_must_fit(tmp_path: Path, flow: str, message: str) -> None:
    write(tmp_path, "inner", "  - {agent: main, label: page, text: 'On ${topic}'}\n")

    with pytest.raises(InvalidFile, match=message):
        Catalog().team(write(tmp_path, "outer", f"  - {flow}\n"))


def test_another_file_lies_in_the_same_folder_or_below(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    write(tmp_path, "inner", "  - {agent: main, label: page, text: 'On ${topic}'}\n")
    flow = "  - {flow: ../inner.yaml, input: {topic: a}}\n"

    with pytest.raises(InvalidFile, match="outside the folder of outer"):
        Catalog().team(write(tmp_path / "teams", "outer", flow))


def test_an_output_of_another_file_has_the_labels_of_its_last_tasks(tmp_path: Path) -> None:
    write(tmp_path, "inner", "  - {agent: main, label: page, text: 'On ${topic}'}\n")
    flow = "  - {flow: inner.yaml, input: {topic: a}}\n"
    last = "  - {agent: main, needs: [inner], text: '${tasks.inner.output.pge}'}\n"

    with pytest.raises(InvalidFile) as caught:
        Catalog().team(write(tmp_path, "outer", flow + last))

    assert caught.value.hint == "did you mean 'page'?"
