"""`pagents fork`: take up a conversation at one of its turns, in a session of its own."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.client import App, Client
from parallel_agents.app.distant import Distant
from parallel_agents.app.foreseeing import Foresight
from parallel_agents.app.reading import check_exists
from parallel_agents.app.stored_work import foresee_task
from parallel_agents.core.event import Event
from parallel_agents.core.fork import NO_FORK, Fork
from parallel_agents.core.forking import beginning_of
from parallel_agents.core.row import Row
from parallel_agents.core.session import Session
from parallel_agents.core.turns import Conversation, Turn
from parallel_agents.core.verbs import Spawned, whole_history
from parallel_agents.errors import ForkRefused
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.forks import needs_folder
from parallel_agents.sessions.requests import check_reads_messages
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.context import (
    AsJson,
    CliContext,
    Cwd,
    Home,
    ModelName,
    Name,
    Tokens,
    Usd,
    WhenUsedUp,
    WorkspaceFolder,
    budget_of,
    find_context,
    find_store,
    workspace_of,
)
from parallel_agents.surfaces.cli.distant_options import refuse_at_distance
from parallel_agents.surfaces.cli.distant_run import print_fork_price, wait_at_distance
from parallel_agents.surfaces.cli.dry_run import DryRun, print_dry_run
from parallel_agents.surfaces.cli.inputs import given_text
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.one_run import (
    Ask,
    Key,
    Label,
    Wait,
    checked_style,
    form_of,
    leave_to_worker,
    wait_here,
)
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.cli.prepare_models import prepare_planned
from parallel_agents.surfaces.cli.progress import ProgressStyle
from parallel_agents.views import format
from parallel_agents.views.forks import turn_json

Said = Annotated[
    str | None,
    typer.Argument(
        help="What is said after the turn; - reads it from stdin.",
        metavar="TEXT",
        callback=given_text,
    ),
]
At = Annotated[
    int | None, typer.Option("--at", min=0, help="The turn; 0 is before the first.", metavar="N")
]
Edited = Annotated[
    str | None,
    typer.Option(
        "--result",
        help="What a call of the turn is to have answered; - reads it from stdin.",
        metavar="TEXT",
        callback=given_text,
    ),
]
Call = Annotated[
    int | None,
    typer.Option("--call", min=1, help="Which call that is, if the turn has several.", metavar="K"),
]
_TITLES = ("TURN", "TIME", "MODEL", "SAID")
_SAID = 200


@executes_work
def fork(
    name: Name,
    text: Said = None,
    at: At = None,
    result: Edited = None,
    call: Call = None,
    model: ModelName = None,
    wait: Wait = False,
    label: Label = None,
    key: Key = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    workspace: WorkspaceFolder = None,
    cwd: Cwd = None,
    dry_run: DryRun = False,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Take up a conversation at one of its turns, in a session of its own; the other stays as it is.

    What was said until then is copied and not paid for again. With TEXT, the fork begins after the turn,
    by default the last one; without it, the turn is answered anew, perhaps by another --model. With
    --result a call of the turn has another result, and the model goes on from there. With the NAME
    alone, print the turns.
    """
    form = form_of(json, output, wait=wait or dry_run)
    style = checked_style(style, wait=wait)
    asked = Fork(
        at=at,
        text=text,
        result=result,
        call=call,
        model=model,
        key=key,
        label=label,
        budget=budget_of(usd, tokens, on_limit),
        workspace=workspace_of(workspace, cwd),
    )
    if asked == NO_FORK and not (wait or dry_run):
        _print_turns(find_store(home), name, is_json=form is Form.JSON)
        return
    context = find_context(home)
    if context.environment.gateway:
        refuse_at_distance(workspace=workspace, cwd=cwd)
        _fork_at_distance(context, name, asked, form, style, wait=wait, is_dry=dry_run)
        return
    check_exists(context.environment)
    if dry_run:
        _print_price(context, name, asked, is_json=form is Form.JSON)
    elif wait:
        _fork_here(context, name, asked, form, style)
    else:
        _leave(context, name, asked, form)


def _print_price(context: CliContext, name: str, asked: Fork, *, is_json: bool) -> None:
    async def plan(client: Client) -> Foresight:
        return await foresee_task(client, await client.sessions.plan_fork(name, asked))

    print_dry_run(context, plan, is_json=is_json)


def _fork_here(
    context: CliContext, name: str, asked: Fork, form: Form | None, style: progress.Style
) -> None:
    async def prepare(app: App) -> Ask:
        plan = await app.sessions.plan_fork(name, asked)
        await app.sessions.check([plan])
        _note_folder(plan.session)
        await prepare_planned(app, [plan])
        return lambda: app.sessions.start([plan])

    wait_here(context, prepare, budget=asked.budget, form=form, style=style)


def _leave(context: CliContext, name: str, asked: Fork, form: Form | None) -> None:
    async def leave(client: Acting) -> Spawned:
        spawned = await client.sessions.fork(name, asked)
        (row,) = await client.sessions.rows_of([spawned.run_id])
        _note_folder(row.session)
        return spawned

    run_cancellable(leave_to_worker(context, leave, budget=asked.budget, form=form))


def _note_folder(session: Session) -> None:
    """Say that a folder is not copied with the conversation."""
    if folder := session.options.cwd:
        render.note(
            f"It works in {format.exact(folder)} as that is now, not as it was at the turn."
        )


def _fork_at_distance(
    context: CliContext,
    name: str,
    asked: Fork,
    form: Form | None,
    style: progress.Style,
    *,
    wait: bool,
    is_dry: bool,
) -> None:
    async def fork_there(distant: Distant) -> Spawned:
        return await distant.sessions.fork(name, asked)

    if is_dry:
        print_fork_price(context, name, asked, is_json=form is Form.JSON)
    elif wait:
        wait_at_distance(context, fork_there, form, style)
    else:
        _leave(context, name, asked, form)


def _print_turns(context: CliContext, name: str, *, is_json: bool) -> None:
    """The turns of a session, and how to fork it at one of them."""

    async def look() -> tuple[Row, Sequence[Event], str]:
        async with open_acting(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            check_reads_messages(row)
            events = await whole_history(client.sessions, row.session.key)
            return row, events, await called(client.sessions, row)

    row, events, typed = run_cancellable(look())
    found = Conversation(events)
    if is_json:
        items = [turn_json(turn) for turn in found.turns]
        render.envelope("turns", time.time(), items, next_turn=found.next)
        return
    rows = [(*_cells(turn), _said(turn)) for turn in found.turns]
    if found.next is not None:
        rows.append((str(found.next), "", row.run.model, "not answered yet"))
    if not rows:
        render.note("No model has answered this session yet.")
        return
    render.table(_TITLES, rows, right=_TITLES[:1], flexible="SAID")
    for hint in fork_hints(
        row.session, typed, events, is_distant=bool(context.environment.gateway)
    ):
        render.note(hint)


def fork_hints(
    session: Session, typed: str, events: Sequence[Event], *, is_distant: bool
) -> Iterator[str]:
    """How to fork a session whose conversation has begun: the commands that would not be refused.

    Args:
        session: the one that is forked.
        typed: what a person types for it.
        events: all of it.
        is_distant: whether a gateway forks it, which takes no folder of this machine.
    """
    for title, text, options, forks in _ways(Conversation(events)):
        for fork in forks:
            try:
                begins = beginning_of(events, fork)
            except ForkRefused:
                continue
            needed = needs_folder(session, begins)
            if needed and is_distant:
                continue
            folder = _folder_option(session) if needed else ""
            yield f"{title} pagents fork {typed}{text} --at {fork.at}{options}{folder}"
            break


def _ways(found: Conversation) -> Iterator[tuple[str, str, str, Sequence[Fork]]]:
    """What can be said, the text and the options of its command, and the forks to try, best first."""
    last = found.whole[-1] if found.whole else 0
    said = [Fork(at=turn, text="TEXT") for turn in dict.fromkeys((last, 0))]
    yield "Say something else after a turn:", ' "TEXT"', "", said
    asked = [turn.number for turn in found.turns if not turn.continues]
    anew = [Fork(at=turn) for turn in dict.fromkeys((found.next or asked[-1], 1))]
    yield "Have a turn answered anew:      ", "", " -m MODEL", anew
    if calling := [turn for turn in found.turns if turn.is_whole and turn.calls]:
        which = " --call 1" if len(calling[-1].calls) > 1 else ""
        edited = Fork(at=calling[-1].number, result="TEXT", call=1)
        yield "Give a call another result:     ", "", f'{which} --result "TEXT"', [edited]


def _folder_option(session: Session) -> str:
    """A new copy of what the session had a copy of; of its parent's copy, only the person knows where."""
    had = session.options.workspace
    return f" --workspace {shlex.quote(had.folder) if had and had.folder else 'DIR'}"


def _cells(turn: Turn) -> tuple[str, str, str]:
    return str(turn.number), format.clock(turn.at), turn.model


def _said(turn: Turn) -> str:
    """The beginning of a reply, and what it calls."""
    calls = f"calls {', '.join(turn.calls)}" if turn.calls else ""
    open_ = "" if turn.is_whole else "(not whole: nothing can be said after it)"
    said = format.one_line(turn.text[:_SAID])
    return "  ".join(filter(None, (said, calls, open_)))
