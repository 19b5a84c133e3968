"""The built-in agents and teams suit small models and strict providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.permission import may_ever
from parallel_agents.core.plan import RunIf
from parallel_agents.core.schema import Json, JsonObject, Schema
from parallel_agents.core.tier import Tier
from parallel_agents.core.tool import Access
from parallel_agents.core.workspace import Workspace
from parallel_agents.tools.box import Box

CATEGORIES = {
    "content": [
        "content_writer_controversial",
        "content_writer_creative",
        "content_writer_educational",
        "content_writer_funny",
        "content_writer_trendy",
    ],
    "development": [
        "api_designer",
        "backend_developer",
        "database_architect",
        "devops_engineer",
        "frontend_developer",
    ],
    "documentation": ["documentation_writer"],
    "qa": [
        "accessibility_reviewer",
        "code_reviewer",
        "performance_reviewer",
        "security_reviewer",
        "test_engineer",
    ],
}
WITH_TOOLS = {
    "change_reviewer": "qa",
    "coder": "development",
    "explorer": "development",
    "test_fixer": "development",
}
TIERS = {
    "content": Tier.SMALL,
    "development": Tier.MEDIUM,
    "qa": Tier.MEDIUM,
    "documentation": Tier.SMALL,
}
REWRITING = {"editor": "content"}
COMPARING = {"design_checker": "development", "research_editor": "research", "review_editor": "qa"}
NAMES = [name for names in CATEGORIES.values() for name in names]
CHARACTERS_PER_TOKEN = 4

every_agent = pytest.mark.parametrize("name", NAMES)


def agent(name: str) -> Agent:
    return Catalog().agent(name)


def output_schema(name: str) -> JsonObject:
    schema = agent(name).output_schema
    assert schema is not None
    return schema


def schemas_in(schema: JsonObject) -> Iterator[JsonObject]:
    """A schema and those of its properties and items."""
    yield schema
    parts: list[Json] = [schema.get("items")]
    found = schema.get("properties")
    if isinstance(found, Mapping):
        parts.extend(found.values())
    for part in parts:
        if isinstance(part, Mapping):
            yield from schemas_in(part)


def number(schema: JsonObject, key: str) -> int:
    value = schema.get(key, 0)
    assert isinstance(value, int)
    return value


def longest(schema: JsonObject) -> Json:
    """The longest value that a schema of the built-in kind allows."""
    choices, properties, items = (schema.get(key) for key in ("enum", "properties", "items"))
    if isinstance(choices, list):
        return max((str(choice) for choice in choices), key=len)
    match schema.get("type"), properties, items:
        case "object", Mapping(), _:
            return {name: longest(of_schema(part)) for name, part in properties.items()}
        case "array", _, Mapping():
            return [longest(items)] * number(schema, "maxItems")
        case "string", _, _:
            return "x" * number(schema, "maxLength")
        case "integer", _, _:
            return number(schema, "maximum")
        case _:
            raise AssertionError(f"no sample for {schema}")


def of_schema(value: Json) -> JsonObject:
    assert isinstance(value, Mapping)
    return value


def test_the_sixteen_agents_and_the_general_ones_are_listed_by_category() -> None:
    found: dict[str, list[str]] = {}
    for entry in Catalog().agents():
        assert isinstance(entry.content, Agent), entry
        found.setdefault(entry.content.category, []).append(entry.name)

    expected = {
        **CATEGORIES,
        "general": ["main"],
        "quality": ["agent_creator", "agent_design_reviewer", "agent_refiner", "judge", "refiner"],
    }
    expected["research"] = ["researcher"]
    expected["meta"] = ["agent_orchestrator", "report_writer"]
    expected["development"] = sorted([*expected["development"], "merge_resolver"])
    for name, category in {**WITH_TOOLS, **COMPARING, **REWRITING}.items():
        expected[category] = sorted([*expected[category], name])
    assert found == expected


def test_main_takes_any_task_and_may_spawn_any_agent() -> None:
    main = agent("main")

    assert main.input_schema is None
    assert main.output_schema is None
    assert main.tools == ()
    assert main.policy.allows("code_reviewer")


@every_agent
def test_an_agent_wants_the_tier_of_its_category(name: str) -> None:
    found = agent(name)

    assert found.tier is TIERS[found.category]
    assert found.model is None
    assert found.tools == ()


@every_agent
def test_only_work_that_judges_states_facts_or_jokes_asks_it_of_the_model(name: str) -> None:
    found = agent(name)

    if found.category == "qa":
        assert found.needs == (Need.JUDGEMENT,)
    elif name in {"content_writer_educational", "content_writer_controversial"}:
        assert found.needs == (Need.FACTS,)
    elif name == "content_writer_funny":
        assert found.needs == (Need.HUMOUR,)
    else:
        assert found.needs == ()


@every_agent
def test_every_object_of_an_answer_is_closed_and_every_property_is_required(name: str) -> None:
    objects = [part for part in schemas_in(output_schema(name)) if part.get("type") == "object"]

    assert objects
    for part in objects:
        properties, required = part["properties"], part["required"]
        assert isinstance(properties, Mapping)
        assert isinstance(required, list)
        assert part["additionalProperties"] is False
        assert required == list(properties)


@every_agent
def test_every_text_and_list_of_an_answer_is_bounded(name: str) -> None:
    for part in schemas_in(output_schema(name)):
        if part.get("type") == "string":
            assert number(part, "maxLength") > 0
        if part.get("type") == "array":
            assert number(part, "maxItems") > 0


@every_agent
def test_the_longest_answer_fits_the_schema_and_the_token_limit(name: str) -> None:
    schema, limits = output_schema(name), agent(name).limits

    answer = longest(schema)

    assert Schema(schema).problems(answer) == []
    assert limits.max_output_tokens is not None
    assert len(orjson.dumps(answer)) / CHARACTERS_PER_TOKEN <= limits.max_output_tokens <= 900


@every_agent
def test_an_answer_with_a_missing_or_a_further_property_does_not_fit(name: str) -> None:
    schema = Schema(output_schema(name))
    answer = longest(schema.source)
    assert isinstance(answer, dict)
    first = next(iter(answer))

    assert schema.problems({key: answer[key] for key in answer if key != first})
    assert schema.problems({**answer, "score": 10})


@every_agent
def test_instructions_are_short_and_name_every_field_of_the_answer(name: str) -> None:
    found, schema = agent(name), output_schema(name)

    for part in schemas_in(schema):
        properties = part.get("properties", {})
        assert isinstance(properties, Mapping)
        missing = [field for field in properties if field not in found.instructions.lower()]
        assert missing == []
    assert 60 <= len(found.instructions.split()) <= 220


@every_agent
def test_the_prompt_of_an_agent_stays_under_700_tokens(name: str) -> None:
    characters = len(agent(name).instructions) + len(orjson.dumps(output_schema(name)))

    assert characters / CHARACTERS_PER_TOKEN <= 700


@every_agent
def test_an_agent_takes_inputs_that_its_schema_does_not_name(name: str) -> None:
    schema = agent(name).input_schema
    assert schema is not None

    assert Schema(schema).problems({"code": "x = 1", "tone": "motivational", "other": [1]}) == []


@pytest.mark.parametrize("name", [n for n in CATEGORIES["qa"] if n.endswith("_reviewer")])
def test_a_reviewer_defines_each_severity_and_gives_no_score(name: str) -> None:
    instructions = agent(name).instructions

    for severity in ("critical", "high", "medium", "low"):
        assert f"\n- {severity}: " in instructions
    assert "score" not in instructions


@pytest.mark.parametrize("name", COMPARING)
def test_an_agent_that_compares_works_of_others_may_quote_nothing_else(name: str) -> None:
    found = agent(name)

    assert [gate.kind for gate in found.gates] == ["quotes"]
    assert found.needs == (Need.JUDGEMENT,)
    check_conditions(found.gates, found.output_schema)


def test_the_content_team_gives_its_five_agents_tasks_that_fit_them() -> None:
    tasks = Catalog().team("content").tasks_for({"topic": "Monday motivation"})

    assert sorted(task.agent_name for task in tasks) == CATEGORIES["content"]
    for task in tasks:
        assert isinstance(task.agent, Agent)
        assert task.agent.input_schema is not None
        assert Schema(task.agent.input_schema).problems(task.values) == []
        assert "$" not in task.text
        assert task.key == task.label == task.agent_name


def test_the_teams_hand_their_inputs_on() -> None:
    catalog = Catalog()

    content = catalog.team("content").tasks_for({"topic": "gyms"})

    assert {task.text for task in content} == {"Write a post. Topic: gyms. Platform: bluesky."}


@pytest.mark.parametrize(
    ("name", "category", "last"),
    [("development", "development", "contradictions"), ("review", "qa", "review")],
)
def test_the_last_agent_of_a_team_reads_what_the_others_made(
    name: str, category: str, last: str
) -> None:
    plan = Catalog().team(name).plan
    assert plan is not None

    *others, end = plan.steps

    assert sorted(step.agent for step in others) == CATEGORIES[category]
    assert end.id == last
    assert end.run_if is RunIf.ANY_DONE
    assert set(end.needs) <= {step.id for step in others}


@pytest.mark.parametrize("name", CATEGORIES["qa"])
def test_an_agent_of_the_review_team_takes_code_a_diff_or_a_folder_in_which_it_only_reads(
    name: str,
) -> None:
    pasted, there = agent(name), agent(name).in_folder

    for found, values, is_taken in (
        (pasted, {"code": "x = 1"}, True),
        (pasted, {"diff": "-x = 1"}, True),
        (pasted, {}, False),
        (there, {}, True),
        (there, {"diff": "-x = 1"}, True),
    ):
        assert found.input_schema is not None
        assert (not Schema(found.input_schema).problems(values)) is is_taken
    assert there.output_schema == pasted.output_schema
    assert {Box({})[tool].spec.access for tool in there.tools} == {Access.READ}
    assert not there.policy.spawns


def test_all_built_in_teams_are_listed() -> None:
    entries = Catalog().teams()

    assert [entry.name for entry in entries if isinstance(entry.content, Team)] == [
        "content",
        "demo",
        "development",
        "research",
        "review",
    ]


@pytest.mark.parametrize("name", WITH_TOOLS)
def test_an_agent_with_tools_can_use_each_of_them(name: str) -> None:
    found, box = agent(name), Box({})

    assert found.tools
    assert all(may_ever([found.permissions], box[tool].spec) for tool in found.tools)


@pytest.mark.parametrize("name", WITH_TOOLS)
def test_an_agent_that_changes_files_works_in_a_copy(name: str) -> None:
    found = agent(name)

    assert (found.workspace == Workspace.own()) is ("edit_file" in found.tools)
