"""Team schema: the JSON Schema of team files, with which editors complete and check them."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.catalog.plan_file import PlanFields
from parallel_agents.core.schema import Json, JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TASK = "PlanTaskFields"
_DESCRIPTIONS = {
    "": {
        "name": "as the file is called, without .yaml",
        "description": "one line, shown in lists",
        "input": "JSON Schema of an object with the inputs, which ${NAME} is filled with",
        "max_parallel": "how many runs at once",
        "timeout_seconds": "the time limit of the whole",
        "model": "a model for every task, as provider/model",
        "budget": "the most that all tasks may spend together",
        "on_failure": "what happens to the other tasks when one fails",
        "min_done": "it has failed if fewer tasks are done",
        "tasks": "at least one",
    },
    _TASK: {
        "agent": "who does it",
        "text": "what to do; ${NAME} is an input, ${tasks.LABEL.output} the output of a task that it needs",
        "label": "names the task; the agent's name by default",
        "input": "values for the agent's input",
        "flow": "another team file that is this task",
        "create": "an agent that this task makes: its name, its purpose, and the score that it needs",
        "needs": "the labels of the tasks after which it begins",
        "run_if": "how these must have ended",
        "when": "a condition on inputs and results; without it the task is skipped",
        "for_each": "a list, or ${tasks.LABEL.output.FIELD}; the task is done for each ${item}",
        "min_done": "how many items must be done",
        "max_parallel": "the most items at once",
        "loop": "rounds until the answer satisfies a condition",
        "hand_off": "agents that try it, one after another, if it fails",
        "person": "what a person is asked, in the end or instead of an agent",
        "approve": "a person must say yes before it begins; true, or the question",
        "model": "as provider/model; overrides the agent's",
        "ladder": "models to escalate through, cheapest first; it overrides `model`",
        "gates": "checks that the answer must pass",
        "refine": "how a rejected answer is improved",
        "budget": "the most that the task may spend",
    },
}


def team_schema() -> dict[str, Json]:
    """The schema of team files, of draft 2020-12."""
    made: dict[str, Json] = PlanFields.model_json_schema()
    definitions = made["$defs"]
    assert isinstance(definitions, Mapping), "the tasks are defined there"
    tasks = definitions[_TASK]
    assert isinstance(tasks, Mapping), "an object's schema"
    described = {**definitions, _TASK: _described(tasks, _DESCRIPTIONS[_TASK])}
    whole = _described(made, _DESCRIPTIONS[""])
    return {
        "$schema": DIALECT,
        **whole,
        "title": "A team of Parallel Agents",
        "$defs": described,
    }


def _described(schema: JsonObject, descriptions: Mapping[str, str]) -> dict[str, Json]:
    properties = schema["properties"]
    assert isinstance(properties, Mapping), "an object's schema"
    told: dict[str, Json] = {
        name: {**item, "description": descriptions[name]}
        for name, item in properties.items()
        if isinstance(item, Mapping)
    }
    return {**schema, "properties": told}
