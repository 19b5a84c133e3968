from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.source import Source
from parallel_agents.catalog.team import Team
from parallel_agents.catalog.team_file import parse_team
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import ConditionGate, Refine, ScoreGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import InvalidFile, UnknownAgent

FILE = Path("teams/verse.yaml")

POET = Agent(name="poet", description="Writes poems.", instructions="Write.")
CRITIC = Agent(
    name="critic",
    description="Judges poems.",
    instructions="Judge.",
    input_schema={
        "type": "object",
        "properties": {
            "poem": {"type": "string"},
            "rules": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        },
        "required": ["poem"],
        "additionalProperties": False,
    },
)

FULL = """\
name: verse
description: Poems and a verdict.
input:
  type: object
  properties:
    topic: {type: string}
    rules: {type: array, default: []}
  required: [topic]
max_parallel: 2
timeout_seconds: 60
model: test/small
tasks:
  - agent: poet
    text: On ${topic}
  - agent: poet
    label: again
    text: Once more on ${topic}
  - agent: critic
    text: Judge.
    input: {poem: "of ${topic}", rules: "${rules}"}
"""

HEAD = """\
name: verse
description: Poems.
input:
  type: object
  properties: {topic: {type: string}, mood: {type: string}, rules: {type: array}}
  required: [topic, rules]
tasks:
"""


def find_agent(name: str) -> Agent:
    known = {"poet": POET, "critic": CRITIC}
    if name not in known:
        raise UnknownAgent(f"there is no agent {name!r}", hint="did you mean 'poet'?")
    return known[name]


def parsed(text: str) -> Team:
    return parse_team(Source(FILE, text), find_agent)


def refusal(text: str) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        parsed(text)
    return caught.value


def marked_line(text: str) -> int:
    """The line that carries the comment `# here`."""
    return next(n for n, line in enumerate(text.split("\n"), 1) if "# here" in line)


def test_every_field_of_a_file_reaches_the_team() -> None:
    team = parsed(FULL)

    assert team.name == "verse"
    assert team.description == "Poems and a verdict."
    assert team.model == "test/small"
    assert team.limits == Limits(max_parallel=2, timeout_seconds=60.0)
    assert [(task.agent.name, task.label) for task in team.tasks] == [
        ("poet", "poet"),
        ("poet", "again"),
        ("critic", "critic"),
    ]


def test_a_parsed_team_can_be_filled() -> None:
    tasks = parsed(FULL).tasks_for({"topic": "snow", "rules": ["rhyme"]})

    assert [task.text for task in tasks] == ["On snow", "Once more on snow", "Judge."]
    assert tasks[2].input == {"poem": "of snow", "rules": ["rhyme"]}


def test_a_team_without_inputs_takes_none() -> None:
    team = parsed("name: verse\ndescription: d\ntasks: [{agent: poet, text: Write.}]")

    assert [task.text for task in team.tasks_for({})] == ["Write."]


@pytest.mark.parametrize(
    ("tasks", "message", "hint"),
    [
        ("  - agent: poat  # here\n    text: x\n", "there is no agent 'poat'", "'poet'"),
        ("  - agent: poet  # here\n", "'tasks[0].text' is missing", "add `text: ...`"),
        ("  - agent: poet\n    txt: x  # here\n", "there is no field 'tasks[0].txt'", "'text'"),
        (
            "  - agent: poet\n    text: 3  # here\n",
            "'tasks[0].text' is invalid: it must",
            "`pagents docs agents`",
        ),
        (
            "  - agent: poet\n    text: x\n  - agent: poet  # here\n    text: y\n",
            "two tasks have the label 'poet'",
            "`label:`",
        ),
        (
            "  - agent: poet\n    text: x\n  - agent: critic\n    label: poet  # here\n    text: y\n    input: {poem: a}\n",
            "two tasks have the label 'poet'",
            "`label:`",
        ),
        (
            "  - agent: poet\n    text: x\n    input:\n      a: [1, '${topik}']  # here\n",
            "${topik} is not an input of this team",
            "did you mean 'topic'?",
        ),
        (
            "  - agent: poet\n    text: a ${mood} day  # here\n",
            "${mood} may have no value",
            "`required:`",
        ),
        (
            "  - agent: critic\n    text: x\n    input:\n      poem: ${mood}  # here\n",
            "${mood} may have no value",
            "`required:`",
        ),
        (
            "  - agent: poet\n    text: x\n    input:\n      a: ['${mood}']  # here\n",
            "${mood} may have no value",
            "`required:`",
        ),
        (
            "  - agent: poet\n    text: for $5  # here\n",
            "a dollar that does not begin",
            "$$ for a dollar",
        ),
        ("  - agent: critic  # here\n    text: x\n", "critic needs the input 'poem'", "add `poem"),
        (
            "  - agent: critic\n    text: x\n    input:\n      poem: a\n      rule: b  # here\n",
            "critic has no input 'rule'",
            "did you mean 'rules'?",
        ),
        (
            "  - agent: critic\n    text: x\n    input:\n      poem: 3  # here\n",
            "critic does not accept this: poem: 3 is not of type",
            "pagents agents show critic",
        ),
        (
            "  - agent: critic\n    text: x\n    input:\n      poem: a\n      rules:\n"
            "        - b\n        - 4  # here\n",
            "critic does not accept this: rules/1: 4 is not of type",
            "pagents agents show critic",
        ),
    ],
)
def test_a_wrong_task_is_refused_on_its_line_with_what_to_write(
    tasks: str, message: str, hint: str
) -> None:
    text = HEAD + tasks

    error = refusal(text)

    assert message in error.message
    assert hint in error.hint
    assert error.message.startswith(f"{FILE}:{marked_line(text)}: ")


def told(text: str) -> list[int]:
    """The lines of all that is wrong with a file."""
    error = refusal(text)
    return [each.line for each in (error, *error.others)]


def test_everything_that_is_wrong_is_told_at_once_and_nothing_that_follows_from_it() -> None:
    tasks = """\
  - {agent: pot, text: "${topik}"}
  - {agent: poet, label: a}
  - {label: a, text: x, gates: [{judge: {votes: 1}}, {regex: "("}]}
  - {agent: critic, text: x, input: 3}
  - {agent: critic, label: c, text: x, input: {poem: '${nope}'}}
  - {agent: poet, label: d, text: x, budget: {usd: -1}}
  - {agent: pit, label: [d], text: [x], gates: [7]}
"""
    head = HEAD.replace("description: Poems.", "max_parallel: 0\ntimeout_seconds: 0")

    assert told(head + tasks) == [1, 2, 3, 9, 9, 10, 11, 11, 11, 11, 12, 13, 14, 15, 15, 15, 15]


@pytest.mark.parametrize("kind", ["3", "{type: array}"])
def test_nothing_is_said_of_inputs_whose_schema_is_wrong(kind: str) -> None:
    tasks = "tasks: [{agent: critic, text: '${topic}', input: {poem: '${topic}'}}]"

    assert told(f"name: verse\ndescription: d\ninput: {kind}\n{tasks}\n") == [3]
    assert told(f"name: verse\ndescription: d\ninputs: {kind}\n{tasks}\n") == [3]


def test_a_value_with_a_placeholder_is_checked_only_once_it_is_filled() -> None:
    tasks = "  - agent: critic\n    text: x\n    input: {poem: '${topic}', rules: '${rules}'}\n"

    team = parsed(HEAD + tasks)

    assert team.tasks[0].input == {"poem": "${topic}", "rules": "${rules}"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_parallel: 0", "max_parallel is 0"),
        ("timeout_seconds: -1", "timeout_seconds is -1.0"),
        ("max_paralel: 3", "there is no field 'max_paralel'"),
        ("input: {type: array}", "'input' does not describe an object"),
        ("input: {type: object, properties: 3}", "'input.properties' is not a valid JSON Schema"),
        (
            "input: {type: object, properties: {n: {type: integer, default: x}}}",
            "the default of 'n' does not match its schema",
        ),
        ("description: again", "'description' appears twice"),
    ],
)
def test_a_wrong_field_of_the_team_is_refused_on_its_line(line: str, message: str) -> None:
    error = refusal(f"name: verse\ndescription: d\n{line}\ntasks: [{{agent: poet, text: x}}]\n")

    assert error.message.startswith(f"{FILE}:3: ")
    assert message in error.message


@pytest.mark.parametrize("tasks", ["[]", "poet", "{agent: poet, text: x}", "[poet]"])
def test_a_team_needs_a_list_of_tasks(tasks: str) -> None:
    error = refusal(f"name: verse\ndescription: d\ntasks: {tasks}\n")

    assert error.message.startswith(f"{FILE}:3: 'tasks")


def test_a_team_may_say_what_a_failure_means() -> None:
    text = FULL.replace("max_parallel: 2", "on_failure: stop_new\nmin_done: 3")

    team = parse_team(Source(FILE, text), {"poet": POET, "critic": CRITIC}.__getitem__)

    assert team.on_failure is OnFailure.STOP_NEW
    assert team.min_done == 3


def test_min_done_cannot_exceed_the_number_of_tasks() -> None:
    text = FULL.replace("max_parallel: 2", "min_done: 4")

    with pytest.raises(InvalidFile, match="min_done is 4, but the team has 3 tasks") as caught:
        parse_team(Source(FILE, text), {"poet": POET, "critic": CRITIC}.__getitem__)
    assert "from 1 to 3" in caught.value.hint


def test_a_task_has_a_model_a_ladder_gates_a_refine_loop_and_a_budget_of_its_own() -> None:
    own = """\
  - agent: poet
    text: x
    ladder: [a/small, b/large]
    gates:
      - condition: len(text) < 80
      - score: {function: metre, at_least: 7}
    refine: {rounds: 3, by: refiner}
    budget: {usd: 0.5}
  - {agent: poet, label: two, text: x, model: c/own}
"""
    head = HEAD.replace("tasks:", "model: d/team\ntasks:")
    tasks = parsed(head + own).tasks_for({"topic": "snow", "rules": []})

    assert tasks[0].model == "d/team"
    assert tasks[1].model == "c/own"
    assert tasks[0].ladder == ("a/small", "b/large")
    assert tasks[0].gates == (
        ConditionGate(condition="len(text) < 80"),
        ScoreGate(function="metre", at_least=7),
    )
    assert tasks[0].refine == Refine(rounds=3, by="refiner")
    assert tasks[0].budget == Budget(usd=0.5)


def test_an_invalid_gate_of_a_task_is_refused_on_its_line() -> None:
    text = HEAD + "  - agent: poet\n    text: x\n    gates:\n      - condition: 1 +  # here\n"

    assert f":{marked_line(text)}:" in refusal(text).message
