"""Plan graph: the steps of a plan as text for a terminal, by levels, and as a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parallel_agents.core.plan import Plan, RunIf, Step, in_order
from parallel_agents.views.format import cut, one_line

_WIDTH = 80
_INDENT = "  "
_NOTHING: Mapping[str, str] = {}
_TIMES = "\N{MULTIPLICATION SIGN}"


def as_text(plan: Plan, width: int = _WIDTH, told: Mapping[str, str] = _NOTHING) -> str:
    """The steps by levels: those of one level may run at the same time, after those above.

    `▲` marks a step that a person lets begin, `↻n` one of up to n rounds; one with a multiplication sign
    is done for each item.

    Args:
        plan: with at least one step.
        width: of the longest line.
        told: a line for each step of the plan, below it.
    """
    return "\n".join(cut(line, width) for line in _lines(plan, told=told))


def _lines(plan: Plan, indent: str = "", told: Mapping[str, str] = _NOTHING) -> Iterator[str]:
    yield f"{indent}{plan.name}"
    steps = plan.by_id
    names = max(len(_marked(step)) for step in plan.steps)
    for number, level in enumerate(levels(plan)):
        if number:
            yield f"{indent}{_INDENT}↓"
        for id in level:
            yield from _step(steps[id], indent + _INDENT, names, told.get(id, ""))


def _step(step: Step, indent: str, width: int, said: str) -> Iterator[str]:
    needs, inside = f"← {', '.join(step.needs)}" if step.needs else "", f"{indent}{' ' * 4}"
    first = f"{indent}{_marked(step):<{width}}  {who(step)}"
    if len(first) + len(needs) < _WIDTH:
        yield f"{first} {needs}".rstrip()
    else:
        yield from (first, f"{inside}{needs}")
    for told in filter(None, (said, *conditions(step))):
        yield f"{inside}{told}"
    if step.plan is not None:
        yield from _lines(step.plan, inside)


def levels(plan: Plan) -> list[list[str]]:
    """The ids of the steps; each is one level below the deepest of those that it needs."""
    needs = {step.id: step.needs for step in plan.steps}
    depth: dict[str, int] = {}
    for id in in_order(needs):
        depth[id] = max((depth[need] + 1 for need in needs[id]), default=0)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for step in plan.steps:
        rows[depth[step.id]].append(step.id)
    return rows


def who(step: Step) -> str:
    """Who does a step, in order."""
    if step.plan is not None:
        return f"flow {step.plan.name}"
    if step.create is not None:
        return f"creates {step.create.name}"
    return " → ".join((*step.agents, *(["a person"] if step.person else [])))


def marks(step: Step) -> str:
    """Signs for how a step is done."""
    found = (
        "▲" if step.approve else "",
        f"{_TIMES}n" if isinstance(step.for_each, str) else "",
        f"{_TIMES}{len(step.for_each)}" if isinstance(step.for_each, list | tuple) else "",
        f"↻{step.loop.rounds}" if step.loop else "",
    )
    return " ".join(filter(None, found))


def conditions(step: Step) -> list[str]:
    """When a step begins, and what it repeats."""
    found = [
        f"when {one_line(step.when)}" if step.when else "",
        f"if {step.run_if.value.replace('_', ' ')}" if step.run_if is not RunIf.ALL_DONE else "",
        f"each of {step.for_each}" if isinstance(step.for_each, str) else "",
        f"until {one_line(step.loop.until)}" if step.loop else "",
    ]
    return [each for each in found if each]


def _marked(step: Step) -> str:
    return f"{step.id} {marks(step)}".rstrip()


def as_mermaid(plan: Plan) -> str:
    """The steps as a Mermaid flowchart, for pages that draw it."""
    return "\n".join(("flowchart TD", *_mermaid(plan, "", _INDENT)))


def _mermaid(plan: Plan, prefix: str, indent: str) -> Iterator[str]:
    for step in plan.steps:
        node = f"{prefix}{step.id}"
        label = "<br>".join(map(_escaped, (_marked(step), who(step), *conditions(step))))
        if step.plan is not None:
            yield f'{indent}subgraph {node}["{label}"]'
            yield from _mermaid(step.plan, f"{node}__", f"{indent}{_INDENT}")
            yield f"{indent}end"
        elif step.agent:
            yield f'{indent}{node}["{label}"]'
        else:
            yield f'{indent}{node}(["{label}"])'
        arrow = "-.->" if step.when or step.run_if is not RunIf.ALL_DONE else "-->"
        for need in step.needs:
            yield f"{indent}{prefix}{need} {arrow} {node}"


def _escaped(text: str) -> str:
    """A text as a label; Mermaid reads quotes and angle brackets, also in quotes."""
    for sign, code in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, code)
    return text
