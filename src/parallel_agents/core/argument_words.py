"""Argument words: what other libraries call an argument, and where a part of a value is to be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import isclass
from itertools import chain, islice, starmap
from typing import Any, get_args, get_origin, get_type_hints

from parallel_agents.core.spelling import did_you_mean

_DEPTH = 2  # as of `attempts`, a part of the limits of a task
_MOST_NAMED = 3
_TASKS = frozenset({"task", "tasks"})


def each(words: str, *ours: str) -> Mapping[str, tuple[str, ...]]:
    """What each of the words, with spaces between them, may mean."""
    return dict.fromkeys(words.split(), ours)


# The names of an argument elsewhere: what it may be called here, the likeliest first.
OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    **each("system system_prompt system_message backstory role goal", "instructions"),
    **each("prompt message content instruction query", "text", "instructions"),
    **each("llm model_name model_client", "model"),
    **each("fallback fallbacks fallback_models", "ladder"),
    **each("output_type result_type response_model response_format output_pydantic", "output"),
    **each("schema json_schema response_schema", "output_schema", "output"),
    **each("guardrail guardrails validator validators check checks", "gates"),
    **each("function_tools toolset toolsets functions", "tools"),
    **each("mcp mcp_tools", "mcp_servers"),
    **each("few_shot shots", "examples"),
    **each("retry retries max_retries max_attempts num_retries", "attempts"),
    **each("max_iter max_iterations max_steps recursion_limit request_limit", "max_turns"),
    **each("max_tokens max_completion_tokens max_new_tokens output_tokens", "max_output_tokens"),
    **each("timeout timeout_s max_execution_time deadline", "timeout_seconds", "timeout"),
    **each("concurrency max_concurrency max_concurrent max_workers n_jobs", "max_parallel"),
    **each("max_cost max_usd cost_limit max_budget max_budget_usd limit_usd", "budget"),
    **each("name title task_name", "label", "key"),
    **each("id run_id session_id idempotency_key", "key"),
    **each("key label", "name"),
    **each("tag metadata", "tags"),
    **each("verbose show_progress", "progress"),
    **each("on_token on_chunk stream", "on_text"),
    **each("context vars variables kwargs inputs arguments args params", "input"),
    **each("db store database path", "home"),
    **each("cwd workdir working_dir worktree", "workspace"),
}


# What is passed to another function, by the class that is asked for it.
_ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("TeamTask", "key"): "it is an argument of `spawn_team`: spawn_team(team, key=...)",
}


def argument_meant(
    owner: str, name: str, known: Collection[str], hints: Mapping[str, object]
) -> str:
    """The hint for an argument that a function or class does not take.

    Args:
        owner: the function or class.
        name: the argument.
        known: what is taken.
        hints: the types of what is taken; a name may be that of a part of such a value, as `attempts`
            is of `limits`.
    """
    public = [taken for taken in known if taken != "self" and not taken.startswith("_")]
    parts = _parts({taken: hints[taken] for taken in public if taken in hints})
    ours = OTHER_WORDS.get(name, ())
    if elsewhere := _ELSEWHERE.get((owner, name)):
        return elsewhere
    if found := next((meant for meant in ours if meant in public), ""):
        return f"it is called {found} here"
    if written := next((parts[meant] for meant in (name, *ours) if meant in parts), ""):
        return f"it is part of {written}"
    return did_you_mean(name, public)


def surplus_meant(values: Collection[object], allowed: Collection[str], free: Iterator[str]) -> str:
    """The hint for values that were passed by position, and are not taken so.

    Args:
        values: those that are too many.
        allowed: the names of those that are taken by position.
        free: the names that were not passed, the likeliest first.
    """
    texts = [value for value in values if isinstance(value, str)]
    if texts and _TASKS & {*allowed}:
        return 'an agent and its text are one value: Task("AGENT", "what to do")'
    if "tasks" in allowed:
        return "pass the tasks as one list"
    hint = "pass it by its name" if len(values) == 1 else "pass the others by their names"
    if all(isinstance(value, Mapping) for value in values):
        free = iter(sorted(free, key=lambda name: name != "input"))
    names = islice(free, min(len(values), _MOST_NAMED))
    examples = ", ".join(f"{name}=..." for name in names)
    return f"{hint}, such as {examples}" if examples else hint


def _parts(hints: Mapping[str, object]) -> Mapping[str, str]:
    """How each part of a value among the arguments is written; the first that is least deep counts."""
    written: dict[str, str] = {}
    level = [(hint, f"{argument}={{}}") for argument, hint in hints.items()]
    for _ in range(_DEPTH):
        deeper: list[tuple[object, str]] = []
        for made, form in chain.from_iterable(starmap(_classes, level)):
            kinds = get_type_hints(made, include_extras=True)
            for field in fields(made):
                if field.init and not field.name.startswith("_"):
                    within = f"{made.__name__}({_before(made, field.name)}{field.name}={{}})"
                    written.setdefault(field.name, form.format(within.format("...")))
                    deeper.append((kinds[field.name], form.format(within)))
        level = deeper
    return written


def _before(made: type[Any], name: str) -> str:
    """`..., ` if the class needs other values too."""
    needed = any(
        field.default is MISSING and field.default_factory is MISSING and field.name != name
        for field in fields(made)
    )
    return "..., " if needed else ""


def _classes(hint: object, form: str) -> Iterator[tuple[type[Any], str]]:
    """The dataclasses that a type allows, each with the form of such a value: `x={}`, or `x=[{}]` in a list."""
    made = get_origin(hint) or hint
    if isclass(made) and is_dataclass(made):
        yield made, form
    elif not (isclass(made) and issubclass(made, Mapping)):
        is_list = isclass(made) and issubclass(made, Iterable)
        for part in get_args(hint):
            yield from _classes(part, form.format("[{}]") if is_list else form)
