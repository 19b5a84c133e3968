"""Report: statements of a model, each of which points to a result that exists, and what code knows by itself.

Whatever a model writes is shown as one line or as a quotation, so that it cannot look like a heading or
like the list of what was not done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.dollars import nanodollars
from parallel_agents.core.plan import Plan, Step, StepStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.template import as_text
from parallel_agents.core.usage import Spend
from parallel_agents.flows.planned import StepEnd
from parallel_agents.orchestration.draft import as_id
from parallel_agents.orchestration.roster import Roster

MOST_STATEMENTS = 12
_MOST_CHARACTERS = 400
_MOST_READ, _MOST_READ_SMALL = 4_000, 700
_MOST_QUOTED = 20_000
_FIRST = 200


class Statement(NamedTuple):
    """What the report says, and the steps from whose results it is."""

    text: str
    steps: tuple[str, ...]


class Told(NamedTuple):
    """What a report says.

    Attributes:
        dropped: how many statements pointed to no result.
        why_code: why code wrote the statements; empty if a model did.
    """

    statements: Sequence[Statement]
    dropped: int = 0
    why_code: str = ""


class Work(NamedTuple):
    """What was done for a goal.

    Attributes:
        key: by which the flow is found.
        steps: of all plans, in order.
        ends: how they ended.
        replaced: the steps that were planned anew, with the number of the plan that replaced them.
        notes: what else a reader should know.
    """

    goal: str
    key: str
    steps: Mapping[str, Step]
    ends: Mapping[str, StepEnd]
    replaced: Mapping[str, int]
    notes: Sequence[str]

    @property
    def done(self) -> list[str]:
        """The steps that are done."""
        return [id for id, end in self.ends.items() if end.status is StepStatus.DONE]


def schema_for(done: Sequence[str], roster: Roster) -> JsonObject:
    """The schema of the reporter's answer.

    The embedded model writes what a schema allows and nothing else, so its schema has the ids. With
    others, a wrong one costs its statement and not the whole answer.
    """
    id: JsonObject = {"type": "string", "maxLength": 60}
    if roster.is_small:
        id = {"type": "string", "enum": list(done)}
    statement: JsonObject = {
        "type": "object",
        "properties": {
            "from": {"type": "array", "items": id, "minItems": 1, "maxItems": 4},
            "text": {"type": "string", "minLength": 1, "maxLength": _MOST_CHARACTERS},
        },
        "required": ["from", "text"],
        "additionalProperties": False,
    }
    most = min(MOST_STATEMENTS, max(2 * len(done), 2)) if roster.is_small else MOST_STATEMENTS
    return {
        "type": "object",
        "properties": {
            "statements": {"type": "array", "items": statement, "minItems": 1, "maxItems": most}
        },
        "required": ["statements"],
        "additionalProperties": False,
    }


def question(work: Work, roster: Roster) -> str:
    """What the reporter is asked."""
    most = _MOST_READ_SMALL if roster.is_small else _MOST_READ
    results = "\n\n".join(
        f"[{id}]\n{head(as_text(work.ends[id].output), most)}" for id in work.done
    )
    return f"Goal:\n{work.goal}\n\nResults:\n{results}\n\nWrite the statements of the report."


def checked(answer: Json, done: Sequence[str]) -> Told:
    """The statements whose results exist and are done; the others are counted and left out."""
    found = answer.get("statements") if isinstance(answer, Mapping) else None
    given = found if isinstance(found, list | tuple) else ()
    kept: list[Statement] = []
    for each in given:
        text, ids = (
            (each.get("text"), each.get("from")) if isinstance(each, Mapping) else (None, None)
        )
        names = (
            [as_id(id) for id in ids if isinstance(id, str)]
            if isinstance(ids, list | tuple)
            else []
        )
        # One reference that is wrong makes the whole statement one that nobody can check.
        if isinstance(text, str) and text.strip() and names and set(names) <= set(done):
            kept.append(Statement(text, tuple(dict.fromkeys(names))))
    return Told(kept, len(given) - len(kept))


def by_code(work: Work, why: str) -> Told:
    """The beginnings of the results, where no model reports on them."""
    return Told(
        [Statement(head(as_text(work.ends[id].output), _FIRST), (id,)) for id in work.done],
        why_code=why,
    )


def as_markdown(work: Work, told: Told, spend: Spend) -> str:
    """The report."""
    parts = [f"# {_line(work.goal)}", *_statements(told), *_results(work), _not_done(work, told)]
    return "\n\n".join([*parts, _cost(spend), _sources(work)]) + "\n"


def _statements(told: Told) -> list[str]:
    lines = [f"- {_line(each.text)} {_references(each.steps)}" for each in told.statements]
    return ["\n".join(lines) or "Nothing is done, so there is nothing to report."]


def _references(steps: Sequence[str]) -> str:
    return " ".join(f"[{id}]" for id in steps)


def _results(work: Work) -> list[str]:
    parts = [f"### [{id}]\n\n{_quoted(_readable(work.ends[id].output))}" for id in work.done]
    return ["## Results", *parts] if parts else []


def _not_done(work: Work, told: Told) -> str:
    lines = [
        f"- `{id}` {end.status.value}: {_line(end.why) or 'nobody knows why'}{_replaced(work, id)}"
        for id, end in work.ends.items()
        if end.status is not StepStatus.DONE
    ]
    if told.dropped:
        many = "1 statement" if told.dropped == 1 else f"{told.dropped} statements"
        were = "was" if told.dropped == 1 else "were"
        lines.append(
            f"- {many} of the model pointed to no result that is done, and {were} left out."
        )
    if told.why_code:
        lines.append(f"- No model wrote this report: {_line(told.why_code)}")
    lines += [f"- {_line(note)}" for note in work.notes]
    return "\n".join(("## What was not done", "", *(lines or ["Everything in the plan was done."])))


def _replaced(work: Work, id: str) -> str:
    return f" (planned anew, as plan {work.replaced[id]})" if id in work.replaced else ""


def _cost(spend: Spend) -> str:
    calls = "1 model call" if spend.calls == 1 else f"{spend.calls:,} model calls"
    if spend.unpriced_calls:
        money = f"an unknown price: {spend.unpriced_calls:,} of them have none"
    else:
        least = "at least " if spend.uncounted_runs else ""
        money = f"{least}{nanodollars(spend.cost_nanousd)}"
    simulated = spend.simulated_nanousd
    extra = f" (simulated: {nanodollars(simulated)})" if simulated else ""
    return f"## Cost\n\n{calls}, {spend.usage.total_tokens:,} tokens, {money}{extra}."


def _sources(work: Work) -> str:
    lines = [
        f"- [{id}]: {_who(work.steps[id])}, `pagents show {work.key}/{id}`" for id in work.done
    ]
    return "\n".join(("## Where it is from", "", *(lines or ["No step is done."])))


def _who(step: Step) -> str:
    if step.create is not None:
        return "the making of an agent"
    return " → ".join(step.agents) or "a person"


def _line(text: str) -> str:
    """A text as a part of one line, in which nothing begins a block."""
    return " ".join(head(text, 1_000).split())


def _readable(output: Json) -> str:
    """An output as a person reads it: the fields of an object one after another."""
    if not isinstance(output, Mapping):
        return as_text(output)
    return "\n\n".join(f"{name}: {as_text(value)}" for name, value in output.items())


def _quoted(text: str) -> str:
    shown = head(text, _MOST_QUOTED)
    more = "\n> …" if len(text) > len(shown) else ""
    return "\n".join(f"> {line}".rstrip() for line in shown.splitlines()) + more


def steps_of(plans: Sequence[Plan]) -> dict[str, Step]:
    """The steps of plans, in order."""
    return {step.id: step for plan in plans for step in plan.steps}
