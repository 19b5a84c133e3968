"""Question routes: what waits for a person's answer, and what people answered."""

from __future__ import annotations

from pydantic import Field

from parallel_agents.sessions.asked import find_question
from parallel_agents.surfaces.answering import given_answer
from parallel_agents.surfaces.gateway.bodies import AnswerBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import (
    MOST_ITEMS,
    USUAL_ITEMS,
    Given,
    PageQuery,
    part_after,
)
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.answers import GivenAnswerDocument, answers_json, last_replies
from parallel_agents.views.questions import QuestionDocument, question_json, waiting_json
from parallel_agents.views.since import parse_since


class AnsweredDocument(QuestionDocument):
    """A question, and the answer that counts."""

    answer: str


async def questions(call: Call, given: PageQuery) -> Page:
    """The questions of live runs that wait for a person, the oldest first."""
    found = await call.client.sessions.questions()
    part, last = part_after([each.id for each in found], given)
    origins = await call.client.journal.origins([each.session for each in found[part]])
    return Page(
        schema="inbox",
        items=[waiting_json(each, origins) for each in found[part]],
        as_of=call.client.now(),
        last=last,
        total=len(found),
    )


async def answer(call: Call, given: AnswerBody) -> Document:
    """Answer a question, or the one that a run waits for; the first answer counts, wherever it is from."""
    asked = await find_question(call.client.sessions, call.names["id"])
    waiting = {each.id: each for each in await call.client.sessions.questions()}
    said = given_answer(
        waiting.get(asked),
        given.answer,
        note=given.note,
        for_run=given.for_run,
        arguments=given.arguments,
    )
    answered = await call.verbs.answer(asked, said)
    await call.client.workers.ensure(answered.session, answered.run)
    value: AnsweredDocument = {**question_json(answered), "answer": given.answer}
    return Document(value=value)


class AnswersQuery(Given):
    """Which answers."""

    since: str = Field(default="24h", max_length=40)
    """Only those given since then, such as `2h`."""
    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many to return at most, the newest."""


async def answers(call: Call, given: AnswersQuery) -> Page:
    """What people answered, by whom and from where, the newest first."""
    now = call.client.now()
    since = parse_since(given.since, now, "since") or 0.0
    found = await last_replies(call.client.journal, since=since, most=given.limit + 1)
    items = answers_json(found[: given.limit])
    return Page(schema="answers", items=items, as_of=now, more={"is_cut": len(found) > len(items)})


ROUTES = (
    Route(
        method="GET",
        path="/questions",
        name="questions",
        does="The questions of live runs that wait for a person, the oldest first.",
        takes=PageQuery,
        gives=QuestionDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, questions),
    ),
    Route(
        method="POST",
        path="/questions/{id}/answer",
        name="answer",
        does="Answer a question, by its id or that of the run which waits for it; the first answer counts, wherever it is from.",
        takes=AnswerBody,
        gives=AnsweredDocument,
        form=Form.DOCUMENT,
        answer=handled(AnswerBody, answer),
    ),
    Route(
        method="GET",
        path="/answers",
        name="answers",
        does="What people answered, by whom and from where, the newest first.",
        takes=AnswersQuery,
        gives=GivenAnswerDocument,
        form=Form.PAGE,
        answer=handled(AnswersQuery, answers),
    ),
)
