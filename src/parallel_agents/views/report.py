"""Report: what a team, a flow or a session came to, as a Markdown document for somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.ids import RunId
from parallel_agents.core.overview import Cost
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.spelling import counted
from parallel_agents.core.usage import Spend
from parallel_agents.views import format
from parallel_agents.views.answer_form import MARKDOWN, form_of
from parallel_agents.views.costs import By, sums_by, total_of, wasted_text
from parallel_agents.views.flow_steps import FlowStep
from parallel_agents.views.forks import told
from parallel_agents.views.last_tries import ALL_SHOWN, NotShown, RowCount
from parallel_agents.views.markdown import escaped, fenced, table
from parallel_agents.views.plan_ends import NotDone, not_done
from parallel_agents.views.rows_since import is_all_done
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.signs import sign_of
from parallel_agents.views.waits import took_text

MOST_CHARACTERS = 100_000
_TITLES = ("task", "agent", "model", "status", "score", "time", "tokens", "cost", "attempts")
# How steps of a plan end that may never have begun.
_WITHOUT = ("skipped", "blocked")
_OF_COSTS = ("model", "runs", "accepted", "tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a report is about.

    Attributes:
        whole: the team, flow or session.
        results: those of its tasks that have ended, in order; its own if it has none.
        own: the result of a flow itself, which says what its steps came to.
        titles: what the tasks were, by their runs: the start of their texts.
        members: its tasks, in order, whether they have ended or not.
        steps: of a flow, everything that it has begun, in order.
        waited: of a flow, for how many seconds it waited for people.
        total: how many tasks there are, if `members` are not all.
        not_shown: what no longer counts of these tasks, and is not in it.
        rows: how far a map's rows are; None for anything else.
        costs: of all runs, by agent and model.
        at: when the report was made, in seconds since the epoch.
    """

    whole: SessionLine
    results: Sequence[Result]
    own: Result | None = None
    titles: Mapping[RunId, str] = field(default_factory=dict[RunId, str])
    members: Sequence[SessionLine] = ()
    steps: Sequence[FlowStep] = ()
    waited: float | None = None
    total: int
    not_shown: NotShown = ALL_SHOWN
    rows: RowCount | None = None
    costs: Sequence[Cost]
    at: float


def report_of(found: Reported) -> str:
    """The document. The texts of models are data in it: they are escaped, or fenced as a block."""
    parts = [
        _head(found),
        _tasks(found),
        *(_reasons(found)),
        *(["## Costs", _costs(found.costs)] if found.costs else []),
        *(
            [
                "## Results",
                *(_result(each, found.titles.get(each.run_id, "")) for each in found.results),
            ]
            if found.results
            else []
        ),
        *([] if found.own is None or found.own.output_json is None else _conclusion(found.own)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(found: Reported) -> str:
    row, whole = found.whole.row, found.whole
    spend, link = _spend(found.costs), row.session.options.forked_from
    is_continued = row.run.kind is RunnerKind.FLOW and row.run.number > 1
    has_several = row.run.kind is RunnerKind.AGENT and row.run.number > 1
    facts = [
        ("Status", ", ".join(filter(None, (whole.state, _count(found))))),
        ("Forked from", "" if link is None else told(link)),
        ("Begun", format.moment(row.session.created_at or row.run.created_at)),
        ("Continued", format.moment(row.run.created_at) if is_continued else ""),
        ("Runs", f"{row.run.number:,}, of which the last is below" if has_several else ""),
        ("Took", took_text(whole.seconds or 0.0, found.waited)),
        ("Cost", f"{format.money(spend)}, {format.tokens(spend)}"),
        ("Tags", ", ".join(row.session.options.tags)),
        ("Report of", format.moment(found.at)),
        *(("Note", notice) for notice in (found.own.notices if found.own else ())),
        *(("Note", told) for told in _since(found)),
    ]
    listed = "\n".join(f"- {name}: {escaped(value)}" for name, value in facts if value)
    return f"# {escaped(row.session.label)} {escaped(format.name(row))}\n\n{listed}"


def _count(found: Reported) -> str:
    if found.rows is not None:
        rows = "1 row" if found.rows.total == 1 else f"{found.rows.total:,} rows"
        return f"{found.rows.done:,} of {rows} done"
    if found.steps:
        left = found.total - len(found.members)
        done = sum(step.state == RunStatus.DONE for step in found.steps)
        so_far = "" if found.whole.row.run.status.is_over else " so far"
        ends = Counter(step.status for step in _steps_not_done(found))
        rest = "".join(f", {ends[each]:,} {each}" for each in _WITHOUT if ends[each])
        return f"{done:,} of {counted(len(found.steps) + left, 'step')} done{so_far}{rest}"
    done = sum(result.is_done for result in found.results)
    return f"{done:,} of {counted(found.total, 'task')} done" if found.total else ""


def _tasks(found: Reported) -> str:
    ended = {result.run_id: result for result in found.results}
    lines = [step.line or step for step in found.steps] or found.members
    rows = [
        _step(each) if isinstance(each, FlowStep) else _member(each, ended.get(each.row.run.id))
        for each in lines
    ]
    shown = table(_TITLES, rows, right=_TITLES[4:]) if rows else ""
    left = found.total - len(found.members)
    are = "is" if left == 1 else "are"
    notes = [f"{counted(left, 'more task')} {are} not in this report."] if left > 0 else []
    notes += [_left_out(each) for each in _steps_not_done(found) if each.status in _WITHOUT]
    if told := found.not_shown.told:
        listed = f"pagents list in:{format.name(found.whole.row)}"
        notes.append(f"{told} not in this report; `{escaped(listed)}` shows all.")
    return "\n\n".join(filter(None, [shown, *notes]))


def _member(line: SessionLine, result: Result | None) -> tuple[str, ...]:
    if result is not None:
        return _row(result)
    row = line.row
    return (row.session.label, row.session.agent.name, row.run.model, line.state) + ("",) * 5


def _steps_not_done(found: Reported) -> Sequence[NotDone]:
    return () if found.own is None else tuple(not_done(found.own))


def _left_out(step: NotDone) -> str:
    """A step of a plan that has no line in the table, since nobody began it."""
    return escaped(f"{step.glyph} {step.id} {step.status}: {step.why}")


def _step(step: FlowStep) -> tuple[str, ...]:
    """A function or a question, which has neither an agent nor a cost."""
    seconds = "" if step.seconds is None else format.seconds(step.seconds)
    answer = f": {step.text}" if step.kind == "question" and step.text else ""
    state = f"{sign_of(step.state)} {step.state}{answer}"
    return (step.name, step.kind, "", state, "", seconds, "", "", "")


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.label,
        result.agent,
        result.model,
        f"{format.glyph(result.status)} {format.status(result.status)}",
        "" if result.score is None else f"{result.score:g}",
        format.seconds(result.seconds),
        format.tokens(result.total_spend),
        format.money(result.total_spend),
        str(result.attempts),
    )


def _since(found: Reported) -> list[str]:
    """That all rows are done since a map has ended, which its result does not say."""
    error = None if found.own is None else found.own.error
    return [f"{error.message}; {error.hint}"] if error and is_all_done(found.rows) else []


def _reasons(found: Reported) -> list[str]:
    """Why tasks failed; a section only if one did."""
    failed = [each for each in found.results if each.error is not None]
    if found.own is not None and found.own.error is not None and not is_all_done(found.rows):
        failed.append(found.own)
    if not failed:
        return []
    return ["## What failed", "\n".join(map(_reason, failed))]


def _reason(result: Result) -> str:
    error = result.error
    assert error is not None  # these are the failures
    texts = [f"**{escaped(result.label)}**: {escaped(error.message)} ({escaped(error.code)})"]
    texts += [
        f"  {name}: {escaped(text)}"
        for name, text in (("why", error.why), ("hint", error.hint))
        if text
    ]
    return "- " + "  \n".join(texts)


def _costs(costs: Sequence[Cost]) -> str:
    rows = [
        (
            model,
            f"{each.runs:,}",
            f"{each.accepted:,}",
            format.tokens(each.spend),
            format.money(each.spend),
        )
        for model, each in sums_by(By.MODEL, costs).items()
    ]
    shown = table(_OF_COSTS, rows, right=_OF_COSTS[1:])
    total = total_of(costs)
    text = escaped(wasted_text(total.spend, total.wasted))
    return f"{shown}\n\n{text[0].upper()}{text[1:]}." if text else shown


def _result(result: Result, title: str) -> str:
    head = [f"### {escaped(result.label)}"]
    head += [f"Task: {escaped(title)}"] if title else []
    head += [f"Note: {escaped(notice)}" for notice in result.notices]
    if result.changes is not None:
        head.append(escaped(format.changes(result.changes)))
    if result.artifacts:
        head.append("Shared: " + ", ".join(escaped(each.name) for each in result.artifacts))
    return "\n\n".join([*head, _answer(result)])


def _conclusion(own: Result) -> list[str]:
    return ["## Conclusion", _answer(own)]


def _answer(result: Result) -> str:
    answer = result.output_json
    if answer is None:
        return "There is no answer."
    form = form_of(answer)
    is_code = form is not None and form.suffix != MARKDOWN
    language = form.suffix.removeprefix(".") if form is not None and is_code else "text"
    text = form.text if form is not None and is_code else format.output(answer)
    shown = fenced(text[:MOST_CHARACTERS], language)
    if result.is_done is False:
        shown = f"This answer was not accepted:\n\n{shown}"
    left = len(text) - MOST_CHARACTERS
    return f"{shown}\n\n{left:,} more characters are not in this report." if left > 0 else shown


def _spend(costs: Sequence[Cost]) -> Spend:
    return sum((cost.spend for cost in costs), Spend())
