"""Session table: sessions as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.cutting import head
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format
from parallel_agents.views.flow_steps import FlowStep
from parallel_agents.views.session_tree import Branch
from parallel_agents.views.sessions import SessionLine, doing_told
from parallel_agents.views.signs import sign_of
from parallel_agents.views.states import needs_text, shown_state

_TITLES = ("ID", "LABEL", "STATE", "DOING", "TIME", "COST")
_NEEDS = "NEEDS"
_MOST_TEXT = 120  # as much as there is of a task


def print_lines(lines: Sequence[SessionLine], form: Form | None = None) -> None:
    """A table, or a note that says how to fill it."""
    if not lines:
        render.note(render.NO_SESSIONS)
        return
    _print_cells(_rows(lines), form)


def print_branches(branches: Sequence[Branch], form: Form | None = None) -> None:
    """The same table, with the labels drawn as trees."""
    if not branches:
        print_lines([])
        return
    cells = _rows([branch.line for branch in branches])
    _print_cells(
        [
            (name, f"{branch.stem}{label}", *rest)
            for branch, (name, label, *rest) in zip(branches, cells, strict=True)
        ],
        form,
    )


def print_steps(steps: Sequence[FlowStep]) -> None:
    """A table of the steps of a flow; those that are no sessions have no id. Nothing if there are none."""
    sessions = [step.line for step in steps if step.line is not None]
    rows = dict(zip([line.row.run.id for line in sessions], _rows(sessions), strict=True))
    cells = [
        _step_cells(step) if step.line is None else rows[step.line.row.run.id] for step in steps
    ]
    if cells:
        _print_cells(cells, None)


def _step_cells(step: FlowStep) -> tuple[str, ...]:
    seconds = "" if step.seconds is None else format.seconds(step.seconds)
    state = f"{sign_of(step.state)} {step.state}"
    is_value = step.kind == "function" and step.state == "done"  # which can be of any length
    text = head(step.text, _MOST_TEXT) if is_value else step.text
    return ("", step.name, state, format.exact(text), seconds, "", "")


def _print_cells(cells: Sequence[Sequence[str]], form: Form | None) -> None:
    right, shortened = ("TIME", "COST"), ("LABEL",)
    titles: Sequence[str] = (*_TITLES, _NEEDS)
    if not any(each[-1] for each in cells):  # most of the time nobody is needed
        titles, cells = _TITLES, [each[:-1] for each in cells]
    print_list(form, titles, cells, right=right, flexible="DOING", shortened=shortened)


def _rows(lines: Sequence[SessionLine]) -> list[tuple[str, ...]]:
    labels = format.labels(line.row.session.label for line in lines)
    return [_cells(line, labels[line.row.session.label]) for line in lines]


def _cells(line: SessionLine, label: str) -> tuple[str, ...]:
    row = line.row
    more = f"; {line.queued_after} more queued" if line.queued_after else ""
    return (
        format.name(row),
        label,
        shown_state(line),
        doing_told(line) if line.counts else f"{doing_told(line)}{more}",
        _seconds(line),
        format.money(line.spend) if line.spend.calls else "",
        needs_text(line),
    )


def _seconds(line: SessionLine) -> str:
    seconds = line.seconds
    return "" if seconds is None else format.seconds(seconds)
