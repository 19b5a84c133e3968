"""`pagents chat`: talk to one agent, in a session that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated

import typer

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.task import AnyTask, Task
from parallel_agents.errors import InvalidInput, NotFound, UnknownAgent
from parallel_agents.interrupts import run_interruptible, unless
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.chat_partner import Partner, check_partner, check_talks, nobody
from parallel_agents.surfaces.cli.chat_places import ChatHere
from parallel_agents.surfaces.cli.chat_script import ChatScript, talk
from parallel_agents.surfaces.cli.chat_terminal import ChatTerminal, Line, can_chat
from parallel_agents.surfaces.cli.chat_turns import Conversation
from parallel_agents.surfaces.cli.context import (
    CliContext,
    Home,
    ModelName,
    SandboxMode,
    Tokens,
    Usd,
    WhenUsedUp,
    budget_of,
    find_context,
)
from parallel_agents.surfaces.cli.distant_chat import partner_there
from parallel_agents.surfaces.cli.distant_options import refuse_at_distance
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.one_run import Label
from parallel_agents.surfaces.cli.prepare_models import prepare_models
from parallel_agents.surfaces.cli.traced import traced, traced_beside_screen
from parallel_agents.views import format

_DEFAULT = "main"
_FIRST = "-"


@executes_work
def chat(
    who: Annotated[
        str,
        typer.Argument(
            help="An agent to begin with, or a session to continue.", metavar="[AGENT|NAME]"
        ),
    ] = _DEFAULT,
    label: Label = None,
    model: ModelName = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    sandbox: SandboxMode = None,
    home: Home = None,
) -> None:
    """Talk to an agent; what was said is kept, and its name continues it.

    Type while it answers to steer it. Ctrl-C stops the answer, and twice leaves. /help lists what
    can be typed. If stdin is not a terminal, each of its lines is a message.
    """
    context = find_context(home, sandbox=sandbox)
    begin = Task(who, _FIRST, model=model, label=label, budget=budget_of(usd, tokens, on_limit))
    if context.environment.gateway:
        refuse_at_distance(sandbox=sandbox)
    code = run_interruptible(lambda stop: _chat(context, begin, stop))
    if code:
        raise typer.Exit(code)


async def _chat(context: CliContext, begin: AnyTask, stop: asyncio.Event) -> int:
    log = traced_beside_screen if can_chat() else traced
    open_partner = partner_there if context.environment.gateway else _partner_here
    with log(context.environment) as on_events:
        async with open_partner(context, begin, on_events) as partner:
            return await _talk(partner, begin, stop)


@asynccontextmanager
async def _partner_here(
    context: CliContext, begin: AnyTask, on_events: OnEvents | None
) -> AsyncGenerator[Partner]:
    """Whom a chat is with whose answers this process executes.

    Raises:
        NotFound, InvalidInput, UnknownModel, MissingKey: nobody can talk to what the name means.
    """
    with DownloadBar() as bar:
        parts = Parts(on_fetch=bar, on_events=on_events, say_left=render.note)
        async with open_app(context.environment, context.settings, parts) as app:
            row = await _find(app, begin)
            model = await _model_of(app, begin, row)
            await prepare_models(app, [model])
            bar.close()
            yield Partner(ChatHere(app), row, model)


async def _talk(partner: Partner, begin: AnyTask, stop: asyncio.Event) -> int:
    place, row = partner.place, partner.row
    face = ChatTerminal(place.sessions, begin.budget) if can_chat() else ChatScript(begin.budget)
    chat = Conversation(place, begin, row, face)
    if row is not None and begin.model is not None:
        await chat.use_model(begin.model)
    live = row if row is not None and not row.run.status.is_over else None
    if isinstance(face, ChatScript):
        if await unless(stop, talk(face, chat, live)) is not None:
            return face.exit
        last = await chat.row()
        if last is not None and not last.run.status.is_over:
            render.note(await chat.leave())
        if name := await chat.called():
            render.note(f"Come back with: pagents chat {name}")
        return Exit.INTERRUPTED
    await face.run(chat, live, stop, await _greeting(chat, begin, chat.model or partner.model))
    if name := await chat.called():
        render.note(f"Come back with: pagents chat {name}")
    return Exit.DONE


async def _find(app: App, begin: AnyTask) -> Row | None:
    """The session that a name means; None if it is the name of an agent.

    Raises:
        NotFound: it is neither.
        InvalidInput: nobody can talk to what it means, or an option is for a beginning.
    """
    name = begin.agent_name
    try:
        agent = app.catalog.agent(name)
    except UnknownAgent as error:
        unknown = error
    else:
        check_talks(name, agent.input_schema)
        return None
    try:
        row = await app.sessions.find(name)
    except NotFound as error:
        raise nobody(name, unknown, error) from error
    check_partner(row, begin)
    is_ours = row.run.owner == app.owner  # what a killed chat left is taken over at once
    if row.owner_state is OwnerState.LIVE and not (is_ours or row.run.status.is_over):
        raise InvalidInput(
            f"{format.name(row)} is being answered by another process",
            hint=f"`pagents wait {format.name(row)}` waits for it, `pagents steer` reaches it",
        )
    return row


async def _model_of(app: App, begin: AnyTask, row: Row | None) -> str:
    """The model of the next answer: the chosen one, or that of the session before."""
    if row is not None and begin.model is None:
        return row.run.model
    first = begin if row is None else replace(begin, agent=row.session.agent)
    return (await app.sessions.plan_task(first)).model


async def _greeting(chat: Conversation, begin: AnyTask, model: str) -> list[Line]:
    lines: list[Line] = [(f"{begin.agent_name} on {model}", "dim")]
    if turns := await chat.turns():
        count = "1 turn" if len(turns) == 1 else f"{len(turns)} turns"
        called = await chat.called()
        lines = [
            (f"{called} ({begin.agent_name}) on {model}, after {count}; the last:", "dim"),
            (f"> {turns[-1].said}", "bold"),
            (turns[-1].answer, ""),
        ]
    keys = "Enter sends, Alt-Enter begins a new line, /help lists the rest, /exit leaves."
    return [*lines, (keys, "dim")]
