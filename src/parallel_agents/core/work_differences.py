"""Work differences: what two requests under one name do not have in common, part by part, with both values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.cutting import before_cut
from parallel_agents.core.event import Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.message import Role, ToolResult
from parallel_agents.core.schema import Json
from parallel_agents.core.task import AnyTask, TeamTask

MOST_TOLD = 5
_MOST_LISTED = 3
_SHOWN, _KEPT_BEFORE = 80, 20
_MODEL, _LADDER, _PLAN = "model", "ladder", "plan"
_CALLED = {"cache_seconds": "cache", "timeout_seconds": "timeout"}


class Part(NamedTuple):
    """A part of a request: what it is called, and the label of its task; none for a part of the whole."""

    name: str
    task: str = ""


class Work(NamedTuple):
    """A request, with its agent and model, which are those of its session."""

    queued: Queued
    agent: str = ""
    model: str = ""


_Parts: TypeAlias = dict[Part, Json]


def work_differences(was: Work, now: Work) -> list[str]:
    """What differs in two requests, in texts for people; empty if it is nothing that is known here.

    Tasks of a team and steps of a plan are told apart by their labels.
    """
    before, after = _parts(was), _parts(now)
    old, new = ({part.task for part in parts} for parts in (before, after))
    found = [
        *_missing(old - new, "not among those here"),
        *_missing(new - old, "not among those before"),
        *_others(before, after, old & new),
    ]
    more = len(found) - MOST_TOLD
    return [*found[:MOST_TOLD], f"and {more} more differences"] if more > 1 else found


def other_value(called: str, was: Json, now: Json) -> str:
    """That something was another value, with both of them."""
    one, other = _text(was), _text(now)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    cut = max(same - _KEPT_BEFORE, 0) if same > _SHOWN // 2 else 0
    return f"{called} was {_shown(one, cut)}, and is {_shown(other, cut)} here"


def other_values(
    before: Mapping[str, Json], now: Mapping[str, Json], names: Mapping[str, str]
) -> list[str]:
    """What of these fields was another one, and what it is now.

    Args:
        before: what was asked for.
        now: what is asked for.
        names: the fields to look at, with what a person calls them.
    """
    return [
        other_value(f"its {called}", before.get(field), now.get(field))
        for field, called in names.items()
        if before.get(field) != now.get(field)
    ]


def _missing(labels: Collection[str], what: str) -> list[str]:
    if not labels:
        return []
    tasks, are = ("task", "is") if len(labels) == 1 else ("tasks", "are")
    return [f"the {tasks} {_listed(sorted(labels))} {are} {what}"]


def _others(before: _Parts, after: _Parts, tasks: Collection[str]) -> list[str]:
    """The parts that are other ones; what several tasks have alike is told once."""
    groups: dict[tuple[str, str, str], list[Part]] = {}
    whole = before.get(Part(_MODEL)), after.get(Part(_MODEL))
    for part in dict.fromkeys((*before, *after)):
        was, now = before.get(part), after.get(part)
        # The model of a whole plan is that of each task, whose ladder then has no effect.
        is_of_whole = part.name == _LADDER or (part.name == _MODEL and (was, now) == whole)
        if was == now or part.task not in tasks:
            continue
        if not part.task or whole[0] == whole[1] or not is_of_whole:
            groups.setdefault((part.name, _text(was), _text(now)), []).append(part)
    return [
        other_value(_called(parts), before.get(parts[0]), after.get(parts[0]))
        for parts in groups.values()
    ]


def _called(parts: list[Part]) -> str:
    name = _CALLED.get(parts[0].name, parts[0].name.replace("_", " "))
    return (
        f"the {name} of {_listed([part.task for part in parts])}"
        if parts[0].task
        else f"its {name}"
    )


def _listed(labels: list[str]) -> str:
    more = len(labels) - _MOST_LISTED
    return ", ".join(labels[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _shown(text: str, cut: int) -> str:
    rest = before_cut(text)[cut:] if cut else text
    rest = rest if len(rest) <= _SHOWN else f"{before_cut(rest)[:_SHOWN]}…"
    return f"…{rest}" if cut else rest


def _text(value: Json) -> str:
    if value in (None, "", [], (), {}):
        return "not given"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return orjson.dumps(value).decode()


def _parts(work: Work) -> _Parts:
    queued = work.queued
    if queued.team is not None:
        return _of_team(queued.team)
    if queued.flow is not None:
        return _of_flow(queued.flow)
    own: _Parts = {Part("agent"): work.agent, Part("text"): queued.text}
    return {**own, **_inputs(queued.input), **_files(queued.files), **_of_fork(work)}


def _of_fork(work: Work) -> _Parts:
    """Where a fork takes up a conversation; a call has a result that somebody has edited."""
    link, queued = work.queued.forked_from, work.queued
    if link is None:
        return {}
    turn = f"{link.turn}, answered anew" if link.is_asked_again else link.turn
    found: _Parts = {Part("fork of"): link.label, Part("turn"): turn, Part("model"): work.model}
    if link.edited is not None:
        copied = (*queued.context, *queued.taken)
        results = next((each.parts for each in reversed(copied) if each.role is Role.TOOL), ())
        edited = results[link.edited.call - 1 : link.edited.call]
        text = edited[0].content if edited and isinstance(edited[0], ToolResult) else ""
        found[Part(f"result of call {link.edited.call} ({link.edited.tool})")] = text
    return found


def _of_flow(flow: FlowTask) -> _Parts:
    given = dict(flow.input)
    plan = given.pop(_PLAN, None)
    # A plan has its inputs in one field; any other flow has them as they are.
    inputs = given.pop("inputs", None) if isinstance(plan, Mapping) else None
    own = {Part(name): value for name, value in given.items()}
    return {Part("function"): flow.name, **own, **_of_plan(plan, ""), **_inputs(inputs)}


def _of_team(team: TeamTask) -> _Parts:
    found: _Parts = {Part("team"): team.name}
    for key, task in zip(team.keys, team.tasks, strict=True):
        label = task.label or task.key or f"{task.agent_name} ({key})"
        found |= {part._replace(task=label): value for part, value in _of_task(task).items()}
    return found


def _of_task(task: AnyTask) -> _Parts:
    return {
        Part("agent"): task.agent_name,
        Part("text"): task.text,
        **_inputs(task.values),
        **_files(task.files),
    }


def _of_plan(plan: Json, above: str) -> _Parts:
    """The options of a plan, and the fields of its steps and of those in plans of steps."""
    if not isinstance(plan, Mapping):
        return {}
    steps = plan.get("steps")
    task = above.removesuffix(".")
    found = {
        Part(name, task): value
        for name, value in plan.items()
        if name != "steps" and not (above and name in {"id", "name", "description"})
    }
    for step in steps if isinstance(steps, list | tuple) else ():
        if isinstance(step, Mapping):
            label = f"{above}{step.get('id', '')}"
            own = {
                name: value for name, value in step.items() if name not in {"id", _PLAN, "input"}
            }
            found |= {Part(name, label): value for name, value in own.items()}
            found |= {
                each._replace(task=label): v for each, v in _inputs(step.get("input")).items()
            }
            found |= _of_plan(step.get(_PLAN), f"{label}.")
    return found


def _inputs(values: Json) -> _Parts:
    if not isinstance(values, Mapping):
        return {}
    return {Part(f"input {name}"): value for name, value in values.items()}


def _files(files: Collection[object]) -> _Parts:
    names: list[Json] = [str(getattr(file, "called", file)) for file in files]
    return {Part("files"): names} if names else {}
