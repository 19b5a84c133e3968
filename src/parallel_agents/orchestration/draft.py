"""Draft: the plan that a model writes, under a schema made for the moment, and the plan that it becomes.

A draft has no placeholders: it says which results a step reads, and code writes the placeholders. A
dollar in a model's text stays a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import MAX_SCORE, ConditionGate
from parallel_agents.core.object_schema import properties
from parallel_agents.core.plan import Create, Plan, Step
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.creating.created import TARGET
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.create_step import CREATE
from parallel_agents.orchestration.roster import Roster

NAME = "plan"
_MOST_READS = 10
_MOST_INPUTS = 8
_MOST_CHARACTERS = 1_500
# Controls, and halves of characters.
_NOT_IN_FILES = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")


def as_id(text: str) -> str:
    """A text as the id of a step; a small model writes `Funny Post`."""
    made = _NOT_IN_IDS.sub("_", text.lower()).strip("_")[:40].rstrip("_")
    return made if not made or made[0].isalpha() else f"step_{made}"


_Id = Annotated[str, BeforeValidator(as_id)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class DraftInput(_Part):
    """A value of an agent's input: a text, or the result of another step."""

    name: str
    value: str = ""
    result_of: _Id = ""


class DraftStep(_Part):
    """A step as the model writes it.

    Attributes:
        reads: the steps and the material whose texts follow its own.
        check: a condition that its answer must satisfy; empty for none.
        usd: the most that it may spend; 0 for what the plan has.
        new_agent: the id of a step that makes the agent that does this one; empty for `agent`.
        target: the score that an agent needs that this step makes; 0 for what the goal asks for.
    """

    id: _Id
    agent: str
    text: str
    reads: tuple[_Id, ...] = ()
    input: tuple[DraftInput, ...] = ()
    check: str = ""
    usd: float = 0
    new_agent: _Id = ""
    target: float = 0


class Draft(_Part):
    """A plan as the model writes it."""

    steps: tuple[DraftStep, ...] = Field(default=())


def schema_for(roster: Roster, most_steps: int) -> JsonObject:
    """The schema of a draft: its agents are those of the roster, and nothing else is a name."""
    characters = 400 if roster.is_small else _MOST_CHARACTERS
    fields: dict[str, JsonObject] = {
        "id": {"type": "string", "minLength": 1, "maxLength": 30},
        "agent": {
            "type": "string",
            "enum": [*roster.agents, *(() if roster.is_small else (CREATE,))],
        },
        "text": {"type": "string", "minLength": 1, "maxLength": characters},
        "reads": _list({"type": "string", "maxLength": 60}, _MOST_READS),
    }
    if not roster.is_small:
        given: dict[str, JsonObject] = {
            "name": {"type": "string", "maxLength": 60},
            "value": {"type": "string", "maxLength": _MOST_CHARACTERS},
            "result_of": {"type": "string", "maxLength": 60},
        }
        fields |= {
            "input": _list(_object(given), _MOST_INPUTS),
            "check": {"type": "string", "maxLength": 200},
            "usd": {"type": "number", "minimum": 0},
            "new_agent": {"type": "string", "maxLength": 60},
            "target": {"type": "number", "minimum": 0, "maximum": MAX_SCORE},
        }
    steps = {**_list(_object(fields), most_steps), "minItems": 1}
    return _object({"steps": steps})


def example(roster: Roster) -> str:
    """A plan for another goal, which a small model needs to see."""
    first, *others = roster.agents
    steps: list[dict[str, Json]] = [
        {"id": "quiz", "agent": first, "text": "Write three questions about bees.", "reads": []},
        {
            "id": "answers",
            "agent": others[0] if others else first,
            "text": "Answer the three questions about bees.",
            "reads": ["quiz"],
        },
    ]
    made = orjson.dumps({"steps": steps}).decode()
    return f"For the goal 'A quiz about bees, and its answers', a plan would be:\n{made}"


def _object(fields: Mapping[str, JsonObject]) -> JsonObject:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _list(items: JsonObject, most: int) -> JsonObject:
    return {"type": "array", "items": items, "maxItems": most}


class Frame(NamedTuple):
    """What a draft is made into a plan with.

    Attributes:
        given: the names of the material and of earlier results, which are inputs of the plan.
        material: those of them that must not stay unread.
        agents: those that the draft may name.
        goal: what each step is told it is a part of; empty where texts say enough by themselves.
        least_score: that an agent needs that a step makes, whatever the model writes.
    """

    given: tuple[str, ...]
    material: tuple[str, ...]
    agents: Mapping[str, Agent]
    goal: str = ""
    least_score: float = TARGET


class Compiled(NamedTuple):
    """What a draft stands for.

    Attributes:
        problems: what of it is in no plan, since it is not valid.
    """

    plan: Plan
    problems: list[str]


def compiled(draft: Draft, frame: Frame) -> Compiled:
    """The plan that a draft stands for; whether it could work is for others to check.

    Material that no step reads is read by those that begin at once.
    """
    found = {step.id for step in draft.steps}
    known = {as_id(name): name for name in frame.given}
    unread = [name for name in frame.material if as_id(name) not in _read_in(draft)]
    steps: list[Step] = []
    problems: list[str] = []
    for each in draft.steps:
        made = (each.new_agent,) if each.new_agent else ()
        of_input = (i.result_of for i in each.input if i.result_of)
        reads = dict.fromkeys((*each.reads, *of_input, *made))
        needs = tuple(read for read in reads if read in found or read not in known)
        texts = [known[read] for read in each.reads if read not in needs]
        shown = [f"This is a part of the goal: {escaped(frame.goal)}"] if frame.goal else []
        shown += [_shown(name, f"${{{name}}}") for name in (*texts, *(() if needs else unread))]
        shown += [_shown(r, f"${{tasks.{r}.output}}") for r in each.reads if r in needs]
        if each.agent == CREATE and not each.new_agent:
            create = Create(
                name=each.id,
                purpose=_NOT_IN_FILES.sub("", each.text).strip(),
                target=max(each.target, frame.least_score),
            )
            budget = Budget(usd=each.usd) if each.usd > 0 else NO_BUDGET
            steps.append(Step(id=each.id, create=create, needs=needs, budget=budget))
            continue
        gates, problem = _gates(each)
        problems += problem
        steps.append(
            Step(
                id=each.id,
                agent=each.new_agent or each.agent,
                text="\n\n".join((escaped(each.text.strip()), *shown)),
                input=_input(each, known, found, frame.agents.get(each.agent)),
                needs=needs,
                gates=gates,
                budget=Budget(usd=each.usd) if each.usd > 0 else NO_BUDGET,
            )
        )
    plan = Plan(name=NAME, steps=tuple(steps), input_schema=inputs_schema(frame.given))
    return Compiled(plan, problems)


def _gates(step: DraftStep) -> tuple[tuple[ConditionGate, ...], list[str]]:
    if not step.check.strip():
        return (), []
    try:
        return (ConditionGate(condition=step.check),), []
    except InvalidInput as error:
        return (), [f"{step.id}: {error.message}: {error.why} ({error.hint})"]


def inputs_schema(given: Iterable[str]) -> JsonObject:
    """The input schema of a plan that is given all of these."""
    names = list(given)
    return {"type": "object", "properties": {name: {} for name in names}, "required": names}


def escaped(text: str) -> str:
    """A model's text as a template that has no placeholders, and as one that a file can have."""
    return _NOT_IN_FILES.sub("", text).replace("$", "$$")


def _read_in(draft: Draft) -> set[str]:
    reads = {read for step in draft.steps for read in step.reads}
    return reads | {each.result_of for step in draft.steps for each in step.input}


def _shown(name: str, placeholder: str) -> str:
    return f"{name}:\n{placeholder}"


def _input(
    step: DraftStep, known: Mapping[str, str], found: set[str], agent: Agent | None
) -> dict[str, Json]:
    wanted = properties((agent.input_schema if agent else None) or {})
    values: dict[str, Json] = {}
    for each in step.input:
        is_text = wanted.get(each.name, {}).get("type", "string") == "string"
        if each.result_of:
            is_given = each.result_of not in found and each.result_of in known
            place = known[each.result_of] if is_given else f"tasks.{each.result_of}.output"
            # A placeholder that is all of a value keeps its type; with a line end it is a text.
            values[each.name] = f"${{{place}}}" + ("\n" if is_text else "")
        else:
            values[each.name] = escaped(each.value) if is_text else _value(each.value)
    return values


def _value(text: str) -> Json:
    """A value that is not a text; what is not JSON is told where the plan is checked."""
    try:
        found: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return escaped(text)
    return found if not isinstance(found, str | Mapping | list) else _escaped_in(found)


def _escaped_in(value: Json) -> Json:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {name: _escaped_in(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped_in(item) for item in value]
    return value
