"""Plan text: a plan as the text of a team file, which reads back as the same plan."""

from __future__ import annotations

from io import StringIO
from typing import Any

import yaml
from pydantic_core import to_jsonable_python
from typing_extensions import override

from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import (
    AnyGate,
    CommandGate,
    ConditionGate,
    FunctionGate,
    RegexGate,
    ScoreGate,
    SourcesGate,
)
from parallel_agents.core.plan import ANY_OBJECT, Plan, RunIf, Step
from parallel_agents.core.schema import Json
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import InvalidInput

_TEXT = "tag:yaml.org,2002:str"
_WIDTH = 110
_AS_THEY_ARE = (
    "for_each",
    "min_done",
    "max_parallel",
    "hand_off",
    "person",
    "approve",
    "model",
    "ladder",
)


class _Dumper(yaml.SafeDumper):
    """YAML without aliases, in which long texts are blocks."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar(_TEXT, text, style=style)  # pyright: ignore[reportUnknownMemberType] - untyped


_Dumper.add_representer(str, _text)


def _dump(value: dict[str, Any]) -> str:
    written = StringIO()
    dumper = _Dumper(written, sort_keys=False, allow_unicode=True, width=_WIDTH)
    dumper.open()
    dumper.represent(value)  # pyright: ignore[reportUnknownMemberType] - its stubs leave it out
    dumper.close()
    return written.getvalue()


def plan_text(plan: Plan, name: str, description: str) -> str:
    """The text of a team file.

    Args:
        plan: without plans in other files.
        name: as the file is called, without its extension.
        description: one line.

    Raises:
        InvalidInput: a step is a plan of its own, or has a gate that no file can have.
    """
    head: dict[str, Any] = {"name": name, "description": " ".join(description.split()) or name}
    if plan.input_schema != ANY_OBJECT:
        head["input"] = to_jsonable_python(plan.input_schema)
    for field in ("max_parallel", "timeout_seconds", "model", "min_done"):
        if (value := getattr(plan, field)) is not None:
            head[field] = value
    if plan.on_failure is not OnFailure.KEEP_GOING:
        head["on_failure"] = plan.on_failure.value
    head |= _budget(plan.budget)
    head["tasks"] = [_task(step) for step in plan.steps]
    return _dump(head)


def _task(step: Step) -> dict[str, Json]:
    if step.plan is not None:
        raise InvalidInput(
            f"the step {step.id} is a file of its own, and cannot be written into another one",
            hint="edit the files themselves, and pass the first: --plan FILE, in Python plan=",
        )
    task: dict[str, Json] = {"label": step.id}
    task |= {"agent": step.agent} if step.agent else {}
    task |= {"text": step.text} if step.text else {}
    task |= {"input": to_jsonable_python(step.input)} if step.input else {}
    task |= {"create": to_jsonable_python(step.create)} if step.create is not None else {}
    # It makes the file one whose tasks need each other, even if they do not.
    task["needs"] = list(step.needs)
    task |= {"run_if": step.run_if.value} if step.run_if is not RunIf.ALL_DONE else {}
    task |= {"when": step.when} if step.when else {}
    for field in _AS_THEY_ARE:
        if (value := getattr(step, field)) not in (None, "", ()):
            task[field] = to_jsonable_python(value)
    if step.loop is not None:
        task["loop"] = to_jsonable_python(step.loop)
    if step.gates:
        task["gates"] = [_gate(gate) for gate in step.gates]
    if step.refine is not None:
        task["refine"] = _set(step.refine)
    return task | _budget(step.budget)


def _budget(budget: Budget) -> dict[str, Json]:
    return {"budget": _set(budget)} if budget.is_bound else {}


def _set(value: object) -> Json:
    made = to_jsonable_python(value)
    return {name: item for name, item in made.items() if item is not None}


def _gate(gate: AnyGate) -> Json:
    match gate:
        case ConditionGate():
            return {"condition": gate.condition}
        case RegexGate():
            return {"not_regex" if gate.is_negated else "regex": gate.pattern}
        case SourcesGate():
            return {"sources": gate.sources}
        case FunctionGate():
            return {"function": gate.function}
        case ScoreGate():
            return {"score": {"function": gate.function, "at_least": gate.at_least}}
        case CommandGate():
            return {"command": list(gate.command)}
        case _:
            made = _set(gate)
            assert isinstance(made, dict), "a dataclass"
            return {"judge": {k: v for k, v in made.items() if k != "kind"}}
