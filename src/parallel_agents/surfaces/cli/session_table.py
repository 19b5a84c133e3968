"""Session table: sessions as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus, known_cost
from parallel_agents.core.schema import Json
from parallel_agents.core.silence import described
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format
from parallel_agents.views.session_tree import Branch
from parallel_agents.views.sessions import SessionLine

_TITLES = ("ID", "LABEL", "STATE", "DOING", "TIME", "COST")


def shown_state(line: SessionLine) -> str:
    """The state after its glyph."""
    glyph = format.glyph(RunStatus.KILLED if line.is_stopped else line.row.run.status)
    return f"{glyph} {line.state}"


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


def _print_cells(cells: Sequence[Sequence[str]], form: Form | None) -> None:
    right, shortened = ("TIME", "COST"), ("LABEL",)
    print_list(form, _TITLES, cells, right=right, flexible="DOING", shortened=shortened)


def line_json(line: SessionLine) -> Mapping[str, Json]:
    """A session and its latest run for machines; an unknown cost is null."""
    row = line.row
    run = row.run
    cost = run.spend.cost_usd if run.kind.is_group else known_cost(run.spend, run.status)
    return {
        "id": format.name(row),
        "session_key": row.session.key,
        "run_id": run.id,
        "agent": row.session.agent.name,
        "label": row.session.label,
        "parent": row.session.parent,
        "depth": row.session.depth,
        "kind": run.kind.value,
        "status": run.status.value,
        "is_worked_on": row.owner_state == "live" or run.status.is_over,
        "is_stopped": line.is_stopped,
        "queued_after": line.queued_after,
        "doing": line.doing,
        "is_stuck": line.is_stuck,
        "silent_seconds": None if line.silence is None else line.silence.seconds,
        "lacks": line.lacks,
        "limits": _limits(row),
        "model": run.model,
        "calls": run.spend.calls,
        "tokens": run.spend.usage.total_tokens,
        "cost": None if cost is None else {"amount": f"{cost:.9f}", "currency": "USD"},
        "simulated_cost": render.money_json(run.spend.simulated_usd),
        "created_at": format.iso(run.created_at),
        "started_at": format.iso(run.started_at),
        "finished_at": format.iso(run.finished_at),
        "error_code": run.error_code,
    }


def _limits(row: Row) -> Mapping[str, Json]:
    """What the commands of a session may use, by the names of the limits that it has."""
    limits = row.session.options.limits.of_commands._asdict()
    return {name: most for name, most in limits.items() if most is not None}


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
        doing(line) if line.counts else f"{doing(line)}{more}",
        _seconds(line),
        format.money(line.spend) if line.spend.calls else "",
    )


def doing(line: SessionLine) -> str:
    """What a session is doing, or why this process cannot continue it."""
    if line.lacks:
        return f"waits: {line.lacks}"
    if line.silence is not None and line.silence.is_stuck:
        return f"{described(line.silence)}; {line.doing}"
    if line.counts:
        return "; ".join(filter(None, (_counts(line.counts), line.asks)))
    return line.asks or line.doing or line.row.run.title


def _counts(counts: Mapping[str, int]) -> str:
    """`3/5 done, 2 running`."""
    done = format.status(RunStatus.DONE)
    others = [f"{count} {state}" for state, count in counts.items() if state != done]
    return ", ".join([f"{counts.get(done, 0)}/{sum(counts.values())} done", *others])


def _seconds(line: SessionLine) -> str:
    seconds = line.row.run.seconds_until(line.until)
    return "" if seconds is None else format.seconds(seconds)
