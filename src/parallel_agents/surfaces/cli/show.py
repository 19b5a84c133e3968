"""`pagents show`: one team or session, with its results."""

from __future__ import annotations

import time

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.command_limits import described
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.run import RunnerKind
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_store
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.looking import Looked, look_at
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.pages import Limit, most
from parallel_agents.surfaces.cli.results_shown import print_results
from parallel_agents.surfaces.cli.session_table import print_lines, print_steps
from parallel_agents.views import format
from parallel_agents.views.documents import money_json, result_json
from parallel_agents.views.flow_steps import flow_step_json
from parallel_agents.views.forks import told
from parallel_agents.views.session_documents import whole_json
from parallel_agents.views.sessions import SessionLine, doing_told
from parallel_agents.views.states import needs_text, shown_state
from parallel_agents.views.waits import took_text

_SHOWN = 100


def show(
    name: Name,
    limit: Limit = _SHOWN,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Show a team, a flow or a session, with its results; exit with the code of its status."""
    context = find_store(home)

    async def look() -> Looked:
        async with open_reader(context.environment, context.settings) as client:
            return await look_at(client, name, most(limit))

    found = run_cancellable(look())
    row = found.whole.row
    if json:
        _print_document(found)
    elif output is not None:
        print_results(found.own or found.results, output, _names(found))
    else:
        _print_whole(found)
    raise typer.Exit(exit_of(row.run.status))


def _names(found: Looked) -> dict[SessionKey, str]:
    return {line.row.session.key: format.name(line.row) for line in (found.whole, *found.members)}


def _print_document(found: Looked) -> None:
    whole, members = found.whole, found.members
    more: dict[str, object] = {"truncated": True} if len(members) < found.total else {}
    if found.own:
        more["result"] = result_json(found.own[0])
    more["session"] = whole_json(whole)
    if _has_several(whole):
        more["all_runs"] = {"runs": whole.row.run.number, **_used(whole)}
    more["sessions"] = [whole_json(member) for member in members]
    if whole.row.run.kind is RunnerKind.FLOW:
        more["steps"] = [flow_step_json(step) for step in found.steps]
    if found.waited is not None:
        more["waited_seconds"] = round(found.waited, 3)
    items = [result_json(result) for result in found.results]
    render.envelope("show", time.time(), items, total=None, **more)


def _print_whole(found: Looked) -> None:
    whole, results, total = found.whole, found.results, found.total
    row, names = whole.row, _names(found)
    is_flow = row.run.kind is RunnerKind.FLOW
    for result in () if is_flow else results:
        render.result(result, names.get(result.session_key))
    if found.steps:
        print_steps(found.steps)
    elif found.members and (is_flow or len(results) < total or total > 1):
        print_lines(found.members)
    for result in found.own:
        render.result(result)
    _tell_session(found)
    _tell_rest(found, format.name(row))


def _tell_session(found: Looked) -> None:
    """Say which session it is, how it is doing, and what is to know about it."""
    whole, row = found.whole, found.whole.row
    name, key = format.name(row), row.session.key
    given = "" if name == short(key) else f"  {name}"
    render.line(f"{shown_state(whole)}  {row.session.label}{given}  {key}")
    if _has_several(whole):
        spent, took = whole.spend, format.seconds(whole.seconds or 0.0)
        used = f"{took}  {format.tokens(spent)}  {format.money(spent)}"
        render.note(f"all {row.run.number} runs of the session: {used}")
    if found.waited:
        render.note(f"took {took_text(whole.seconds or 0.0, found.waited)}")
    if needs := needs_text(whole):
        render.note(f"{needs}: {whole.asks or doing_told(whole)}")
    if link := row.session.options.forked_from:
        render.note(f"forked from {told(link)}")
    if limits := described(row.session.options.limits.of_commands):
        render.note(f"limits of its commands: {limits}")


def _has_several(line: SessionLine) -> bool:
    """Whether an agent's session has had several runs, of which the results are those of one."""
    return line.row.run.kind is RunnerKind.AGENT and line.row.run.number > 1


def _used(line: SessionLine) -> dict[str, object]:
    spent = line.spend
    return {
        "seconds": None if line.seconds is None else round(line.seconds, 3),
        "calls": spent.calls,
        "tokens": spent.usage.total_tokens,
        "cost": money_json(spent.cost_usd),
        "simulated_cost": money_json(spent.simulated_usd),
    }


def _tell_rest(found: Looked, name: str) -> None:
    """Say what is not shown: rows that are not begun yet, former tries, and tasks beyond the limit."""
    rows = found.rows
    if rows is not None and rows.ended < rows.total:
        render.note(f"{rows.ended:,} of {rows.total:,} rows finished")
    if told := found.not_shown.told:
        render.note(f"{told} not shown: pagents list in:{name}")
    if len(found.members) < found.total:
        render.note(f"{len(found.members):,} of {found.total:,} tasks shown; all: --limit 0")
