"""Plan refusal: what is wrong with a plan that is no file, as one error that names the step and the field."""

from __future__ import annotations

from parallel_agents.core.object_schema import defaults
from parallel_agents.core.plan import MOST_ITEMS, Plan, all_steps
from parallel_agents.core.plan_checks import FindAgent, PlanProblem, as_path, check_plan
from parallel_agents.core.schema import InvalidSchema, Schema, compiled
from parallel_agents.errors import InvalidInput

# What files call the fields of steps and plans otherwise.
_OF_STEPS = {"label": "id", "flow": "plan"}
_OF_PLANS = {"tasks": "steps", "input": "input_schema"}


def check_made_plan(plan: Plan, find_agent: FindAgent) -> None:
    """Refuse a plan that could only fail.

    Args:
        plan: made by a program; its agents are known by name.
        find_agent: raises UnknownAgent for a name that none has.

    Raises:
        InvalidInput: the error names the step and the field, and says what to write instead.
    """
    for each in (plan, *(step.plan for step in all_steps(plan) if step.plan is not None)):
        _check_input_schema(each)
        for step in each.steps:
            if isinstance(step.for_each, list | tuple) and len(step.for_each) > MOST_ITEMS:
                raise InvalidInput(
                    f"for_each of the step {step.id!r} of {each.name} has {len(step.for_each):,} items",
                    hint=f"a step is done for up to {MOST_ITEMS:,}; use a map for more",
                )
    if problems := check_plan(plan, find_agent):
        raise _refusal(plan, problems)


def _refusal(plan: Plan, problems: list[PlanProblem]) -> InvalidInput:
    first, others = problems[0], len(problems) - 1
    names = _OF_STEPS if first.step else _OF_PLANS
    path = as_path(
        [names.get(name, name) if n == 0 else name for n, name in enumerate(first.field)]
    )
    where = f"the step {first.step!r} of {plan.name}" if first.step else f"the plan {plan.name}"
    more = ""
    if others:
        more = (
            "1 other value is invalid, too" if others == 1 else f"{others} others are invalid, too"
        )
    return InvalidInput(
        f"{path} of {where}: {first.message}" if path else f"{where}: {first.message}",
        why="; ".join(filter(None, (first.why, more))),
        hint=first.hint,
    )


def _check_input_schema(plan: Plan) -> None:
    schema = plan.input_schema
    try:
        misspelt = compiled(schema).misspelt
    except InvalidSchema as error:
        raise _no_schema(plan, str(error)) from error
    if misspelt:
        raise _no_schema(
            plan, f"{misspelt.steps[-1]!r} is not a keyword; did you mean {misspelt.meant!r}?"
        )
    if schema.get("type") != "object":
        raise InvalidInput(
            f"input_schema of the plan {plan.name} does not describe an object",
            hint='write {"type": "object", "properties": {"topic": {"type": "string"}}}',
        )
    for name, value in defaults(schema).items():
        for problem in Schema({**schema, "required": []}).problems({name: value}):
            raise InvalidInput(
                f"input_schema of the plan {plan.name}: the default of {name!r} does not match its "
                f"schema: {problem.why}",
                hint="change the default or the schema",
            )


def _no_schema(plan: Plan, why: str) -> InvalidInput:
    return InvalidInput(
        f"input_schema of the plan {plan.name} is not a valid JSON Schema",
        why=why,
        hint="see https://json-schema.org/understanding-json-schema/reference for every keyword",
    )
