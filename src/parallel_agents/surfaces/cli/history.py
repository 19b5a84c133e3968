"""`pagents history`: what was said and done in a session, and what is while it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from parallel_agents.app.app import App, open_client
from parallel_agents.core.event import (
    Attempted,
    Closing,
    Delivered,
    Event,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Waiting,
)
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter
from parallel_agents.core.transcript import task_text
from parallel_agents.surfaces.cli import format, render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_context
from parallel_agents.views.activity import again


def history(
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on while it runs.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what was said and done in a session, oldest first; of a team, in all of its sessions.

    With --json and --follow each event is a line.
    """
    context = find_context(home)

    async def show() -> None:
        async with open_client(context.environment, context.settings) as client:
            shown = _follow if follow else _print_all
            await shown(client, name, is_json=json)

    asyncio.run(show())


async def _print_all(client: App, name: str, *, is_json: bool) -> None:
    row = await client.service.find(name)
    events = await client.store.events(tree=row.session.key)
    if is_json:
        render.envelope("history", time.time(), [event_json(event) for event in events])
        return
    labels = await _labels(client, row.session.key)
    for event in events:
        _print(event, labels)


async def _follow(client: App, name: str, *, is_json: bool) -> None:
    labels: dict[SessionKey, str] = {}
    tree = (await client.service.find(name)).session.key
    async for event in client.service.follow(name):
        if is_json:
            render.json_line(event_json(event))
            continue
        if event.session not in labels:
            labels = await _labels(client, tree)
        _print(event, labels)


async def _labels(client: App, tree: SessionKey) -> dict[SessionKey, str]:
    rows = await client.store.rows(Filter(tree=tree))
    return {row.session.key: row.session.label for row in rows}


def _print(event: Event, labels: Mapping[SessionKey, str]) -> None:
    """A headline with the time and who, and what was said under it."""
    who, text = _headline(event)
    label = f"{labels.get(event.session, '')}  " if len(labels) > 1 else ""
    render.line(f"{format.clock(event.at)}  {label}{who}", "bold")
    for part in format.clean(text).splitlines():
        render.line(f"  {part}")


def _headline(event: Event) -> tuple[str, str]:
    match event.body:
        case Queued() as queued:
            return f"task  {queued.start}".rstrip(), task_text(queued.text, queued.input)
        case Started(epoch=epoch):
            return "started" if epoch == 1 else f"taken up again (claim {epoch})", ""
        case Replied() as reply:
            return _reply_headline(reply), _reply_text(reply)
        case ToolStarted(call=call):
            return f"tool {call.name}", orjson.dumps(call.arguments).decode()
        case ToolFinished(result=result, seconds=seconds):
            verb = "failed" if result.is_error else "gave"
            return f"tool {result.name} {verb} after {format.seconds(seconds)}", result.content
        case Steered(text=text, mode=mode, by=by):
            return f"word from {by} ({mode})", text
        case Finished(outcome=outcome, by=by):
            ended = f"{format.glyph(outcome.status)} {format.status(outcome.status)}"
            error = f"{outcome.error.code} {outcome.error.message}" if outcome.error else ""
            return f"{ended} by {by}" if by else ended, error
        case _:
            return _attempt_headline(event)


def _attempt_headline(event: Event) -> tuple[str, str]:
    """What became of an answer: its form, its gates, and who makes the next."""
    match event.body:
        case Refused(text=told):
            return "answer refused", told
        case Attempted(number=number, error=error, model=model, by=by):
            who = f" by {by}" if by else ""
            return f"attempt {number}{who}{f' on {model}' if model else ''}", error.message
        case Revised(by=by, text=text):
            return f"{by} gave the next version", text
        case Gated(verdict=verdict):
            score = "" if verdict.score is None else f" with {verdict.score:g} of 10"
            told = "accepts" if verdict.is_accepted else "refuses"
            return f"gate {verdict.gate} {told}{score}", verdict.critique
        case _:
            return _repair_headline(event)


def _repair_headline(event: Event) -> tuple[str, str]:
    match event.body:
        case Delivered(turn=turn):
            return f"word delivered before turn {turn}", ""
        case HandedBack(text=text, runs=runs):
            return f"{len(runs)} children handed back", text
        case Noticed(text=text):
            return "notice", text
        case Closing(error=error):
            return "last call", f"{error.code} {error.message}"
        case Retrying(attempt=attempt, error=error) as retrying:
            return f"try {attempt} failed, {again(retrying)}", f"{error.code} {error.message}"
        case Waiting(reason=reason, seconds=seconds):
            return f"waits for {reason}, {seconds:.1f} s", ""
        case _:
            return event.key, ""


def _reply_headline(reply: Replied) -> str:
    cost = reply.spend
    tokens = "cached" if reply.cached else format.tokens(cost)
    money = format.money(cost)
    return f"{reply.model}  {tokens}  {format.seconds(reply.seconds)}  {money}"


def _reply_text(reply: Replied) -> str:
    calls = [f"calls {call.name}" for call in reply.message.tool_calls]
    return "\n".join([*([reply.message.text] if reply.message.text else []), *calls])


def event_json(event: Event) -> Mapping[str, Json]:
    """An event for machines: its place in the store, its key, and its body as it is kept."""
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
        "event": orjson.loads(orjson.dumps(event.body)),
    }
