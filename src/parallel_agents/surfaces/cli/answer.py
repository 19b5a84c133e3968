"""`pagents answer`: decide about a call that waits, or answer a question."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from parallel_agents.app.opening import open_existing
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_context
from parallel_agents.surfaces.cli.inbox import described, question_json
from parallel_agents.surfaces.cli.inputs import given_text

_ALLOW, _DENY = "allow", "deny"


def answer(
    question: Annotated[str, typer.Argument(help="The question, such as q-18.", metavar="ID")],
    text: Annotated[
        str,
        typer.Argument(
            help="allow, deny, or the answer to a question; - reads it from stdin.",
            metavar="ANSWER",
            callback=given_text,
        ),
    ],
    for_run: Annotated[
        bool, typer.Option("--for-run", help="Allow what the same rule asks about in this run.")
    ] = False,
    arguments: Annotated[
        str | None,
        typer.Option("--arguments", help="Make the call with these arguments.", metavar="JSON"),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", help="Tell the agent why its call is denied.", metavar="TEXT")
    ] = "",
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Answer a question of the inbox; the first answer counts, from whichever terminal."""
    changed = None if arguments is None else _arguments(arguments)
    context = find_context(home)

    async def decide() -> OpenQuestion:
        async with open_existing(context.environment, context.settings) as client:
            waiting = {each.id: each for each in await client.sessions.questions()}
            asked = waiting.get(question)
            if asked is not None and asked.question.is_approval:
                given = _verdict(text, note, for_run=for_run, arguments=changed)
            elif asked is not None and note:
                raise InvalidInput("--note goes with the denial of a call", hint="leave it out")
            else:  # of a question that waits no more, the store says why
                given = Answer(allow=True, text=text, for_run=for_run, arguments=changed)
            answered = await client.sessions.answer(question, given)
            await client.workers.ensure(answered.session, answered.run)
            return answered

    answered = run_cancellable(decide())
    if json:
        render.envelope("answer", time.time(), [{**question_json(answered), "answer": text}])
    else:
        render.line(f"{answered.id}  {described(answered)}  {text}")


def _verdict(text: str, note: str, *, for_run: bool, arguments: JsonObject | None) -> Answer:
    """The answer to a call that waits for an approval.

    Raises:
        InvalidInput: the text is neither allow nor deny, or an option does not go with it.
    """
    if text not in {_ALLOW, _DENY}:
        raise InvalidInput(
            f"{text[:40]!r} does not answer whether a call may be made",
            hint=f"answer {_ALLOW} or {_DENY}; --note tells the agent why",
        )
    if text == _DENY and (for_run or arguments is not None):
        raise InvalidInput(
            "--for-run and --arguments require the answer allow", hint="leave them out"
        )
    if text == _ALLOW and note:
        raise InvalidInput("--note requires the answer deny", hint="leave it out")
    return Answer(allow=text == _ALLOW, text=note, for_run=for_run, arguments=arguments)


def _arguments(text: str) -> JsonObject:
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"--arguments is not JSON: {text[:80]!r}", why=str(error), hint="pass a JSON object"
        ) from error
    if not isinstance(value, Mapping):
        raise InvalidInput("--arguments is not a JSON object", hint='write it as {"name": "value"}')
    return value
