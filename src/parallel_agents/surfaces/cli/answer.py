"""`pagents answer`: decide about a call that waits, or answer a question."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from parallel_agents.app.acting import open_acting
from parallel_agents.core.cutting import head
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.asked import find_question
from parallel_agents.surfaces.answering import check_is_person, given_answer
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_context
from parallel_agents.surfaces.cli.file_option import Texts
from parallel_agents.surfaces.cli.given_files import Given, read_texts
from parallel_agents.surfaces.cli.inputs import given_text
from parallel_agents.views.format import one_line
from parallel_agents.views.questions import described, question_json

_MOST_TOLD = 200


def answer(
    question: Annotated[
        str,
        typer.Argument(
            help="The question, such as q-18, or the run that waits for it.", metavar="ID"
        ),
    ],
    text: Annotated[
        str | None,
        typer.Argument(
            help="allow, deny, or the answer to a question; - reads it from stdin.",
            metavar="ANSWER",
            callback=given_text,
        ),
    ] = None,
    file: Texts = None,
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
    text = _answer(text, read_texts(file, "an answer", "describe what it shows"))
    changed = None if arguments is None else _arguments(arguments)
    context = find_context(home)
    check_is_person(context.environment)

    async def decide() -> OpenQuestion:
        async with open_acting(context.environment, context.settings) as client:
            asked = await find_question(client.sessions, question)
            waiting = {each.id: each for each in await client.sessions.questions()}
            given = given_answer(
                waiting.get(asked), text, note=note, for_run=for_run, arguments=changed
            )
            answered = await client.sessions.answer(asked, given)
            await client.ensure_worker(answered.session, answered.run)
            return answered

    answered = run_cancellable(decide())
    if json:
        render.envelope("answer", time.time(), [{**question_json(answered), "answer": text}])
    else:
        render.line(f"✔ {answered.id} answered: {one_line(head(text, _MOST_TOLD))}")
        render.note(f"  {described(answered)}")


def _answer(text: str | None, given: Given) -> str:
    """What is answered: what was typed, with the files; or a file alone."""
    if text is None and not given.texts:
        raise InvalidInput(
            "no answer is given", hint="write it after the id, or name a file with it: -f FILE"
        )
    return given.text if text is None else text + given.added


def _arguments(text: str) -> JsonObject:
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"--arguments is not JSON: {head(text, 80)!r}",
            why=str(error),
            hint="pass a JSON object",
        ) from error
    if not isinstance(value, Mapping):
        raise InvalidInput("--arguments is not a JSON object", hint='write it as {"name": "value"}')
    return value
