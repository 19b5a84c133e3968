"""`pagents inbox`: the questions of live runs that wait for a person."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from parallel_agents.app.reading import open_reader
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.inspection import Origin
from parallel_agents.core.question import OpenQuestion, QuestionKind
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.list_shown import print_cards
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.views import format
from parallel_agents.views.questions import told, waiting_json

_ANSWERS = {
    QuestionKind.APPROVAL: "allow · deny · allow --for-run",
    QuestionKind.REQUEST: '"your answer"',
    QuestionKind.BUDGET: '"+2 usd" · "+50000 tokens" · finish · stop',
    QuestionKind.STUCK: 'wait · kill · "a message to the run"',
}
_TITLES = ("ID", "WHO", "ASKS", "WAITS", "UNTIL")


def inbox(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List what agents ask you: calls that wait for your approval, and questions.

    Answer with `pagents answer ID allow`, `deny`, or a text.
    """
    context = find_store(home)

    async def look() -> tuple[Sequence[OpenQuestion], Mapping[SessionKey, Origin], float]:
        async with open_reader(context.environment, context.settings) as reader:
            questions = await reader.sessions.questions()
            sessions = list({question.session for question in questions})
            return questions, await reader.journal.origins(sessions), reader.now()

    questions, origins, now = run_cancellable(look())
    if json:
        render.envelope("inbox", time.time(), [waiting_json(each, origins) for each in questions])
        return
    if not questions:
        render.note("Nothing waits for you.")
        return
    rows = [
        (
            each.id,
            _who(each.session, origins.get(each.session)),
            told(each),
            format.seconds(max(0.0, now - each.asked_at)),
            format.moment(each.question.expires_at),
        )
        for each in questions
    ]
    print_cards(output, _TITLES, rows)
    first = questions[0]
    answers = " · ".join(first.question.choices) or _ANSWERS[first.question.question]
    render.note(f"Next: pagents answer {first.id} {answers}")


def _who(session: SessionKey, origin: Origin | None) -> str:
    """The label of a session, and the name that it was given, if that is another one."""
    if origin is None:
        return short(session)
    is_given = origin.name not in (short(session), origin.label)
    return f"{origin.label} {origin.name}" if is_given else origin.label
