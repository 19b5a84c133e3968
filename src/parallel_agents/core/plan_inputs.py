"""Plan inputs: whether the input that a step gives fits what its agent, or another plan, takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from parallel_agents.core.json_example import example_of_input
from parallel_agents.core.object_schema import defaults, properties, required
from parallel_agents.core.plan import Plan
from parallel_agents.core.schema import Json, JsonObject, Schema
from parallel_agents.core.spelling import did_you_mean, meant
from parallel_agents.core.template import paths_in, texts_in, whole_name
from parallel_agents.errors import InvalidInput


def check_input(
    values: JsonObject,
    schema: JsonObject | None,
    taker: str,
    unsure: Collection[str],
    *,
    closed: bool = False,
) -> Iterator[tuple[tuple[str, ...], InvalidInput]]:
    """What is wrong with input, with the steps to it; values with placeholders are checked once filled.

    Args:
        values: the input, with placeholders.
        schema: what the taker takes; None takes anything.
        taker: the name of the agent or the plan, for errors.
        unsure: the names of inputs that may have no value.
        closed: whether names that the schema does not list are refused, whatever it says of others.
    """
    if schema is None:
        return
    known = properties(schema)
    for name in required(schema):
        if name not in values and not (closed and "default" in known.get(name, {})):
            yield (), InvalidInput(f"{taker} needs the input {name!r}", hint=f"add `{name}: ...`")
        elif (whole := whole_name(values.get(name))) is not None and whole in unsure:
            yield (
                (name,),
                InvalidInput(
                    f"${{{whole}}} may have no value",
                    hint=f"list {whole!r} under `required:`, or give it a `default:`",
                ),
            )
    for name in values:
        if (closed or schema.get("additionalProperties") is False) and name not in known:
            yield (
                (name,),
                InvalidInput(f"{taker} has no input {name!r}", hint=did_you_mean(name, known)),
            )
    for problem in Schema({**schema, "required": []}).problems(values):
        name = problem.where.partition("/")[0]
        if name in known and name in values and not _has_placeholder(values, name):
            yield (
                tuple(problem.where.split("/")),
                InvalidInput(
                    f"{taker} does not accept this: {problem}",
                    hint=f"`pagents agents show {taker}` shows its input",
                ),
            )


def _has_placeholder(values: JsonObject, name: str) -> bool:
    try:
        return any(paths_in(text) for _, text in texts_in(values[name]))
    except ValueError:
        return True  # it is told where templates are checked


def complete_input(
    plan: Plan, values: Mapping[str, Json], options: Iterable[str] = ()
) -> dict[str, Json]:
    """The inputs of a plan, with the defaults of those that are not given.

    `options` are other names that may be meant by one which is no input.

    Raises:
        InvalidInput: an input is unknown, is missing, or does not match its schema.
    """
    known = properties(plan.input_schema)
    if unknown := [name for name in values if name not in known]:
        raise InvalidInput(
            f"{plan.name} has no input {unknown[0]!r}",
            hint=meant(
                unknown[0], (*known, *options), "", otherwise=did_you_mean(unknown[0], known)
            ),
        )
    filled = {**defaults(plan.input_schema), **values}
    if missing := [name for name in required(plan.input_schema) if name not in filled]:
        raise InvalidInput(
            f"{plan.name} needs {', '.join(map(repr, missing))}",
            hint=f"add {_example(plan, missing[0])}",
        )
    if problems := Schema(plan.input_schema).problems(filled):
        name = problems[0].where.partition("/")[0]
        raise InvalidInput(
            f"{plan.name} does not accept this input: {problems[0]}",
            why="; ".join(map(str, problems[1:])),
            hint=f"write, for example, {_example(plan, name)}" if name else "correct the input",
        )
    return filled


def _example(plan: Plan, name: str) -> str:
    example = example_of_input(plan.input_schema, name)
    return f"--input {example.option}, in Python input={example.python}"
