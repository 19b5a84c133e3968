"""Questions: what runs ask people, for MCP clients that may answer in a person's place.

They are offered only where the user says so: most clients are models, and whoever answers decides
what agents may do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.session_tools.arguments import Arguments
from parallel_agents.sessions.asked import find_question
from parallel_agents.surfaces.answering import given_answer
from parallel_agents.surfaces.mcp.offers import READS, offer
from parallel_agents.views.questions import described, question_json

LIST, ANSWER = "questions_list", "question_answer"
VIA = "MCP"
SCHEMAS: dict[str, JsonObject] = {
    LIST: {"type": "object", "properties": {}, "additionalProperties": False},
    ANSWER: {
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "description": "From questions_list, such as q-18; or the id of the run that asks",
            },
            "answer": {
                "type": "string",
                "description": "To an approval: allow or deny; else the answer itself",
            },
            "note": {"type": "string", "description": "Why the call is denied"},
            "forRun": {"type": "boolean", "description": "Allow the run's further such calls"},
            "arguments": {"type": "object", "description": "Make the call with these instead"},
        },
        "required": ["id", "answer"],
        "additionalProperties": False,
    },
}
ALIASES: Mapping[str, str] = dict.fromkeys(("questionId", "question", "runId", "run"), "id")
_ANSWERS: JsonObject = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": True,
    "openWorldHint": True,
}
_DESCRIPTIONS = {
    LIST: "List what agents ask the person: calls that wait for approval, and questions.",
    ANSWER: "Answer a question in the person's place. Do so only as the person told you to.",
}


def offered_questions() -> list[JsonObject]:
    """The tools as a client lists them."""
    return [
        offer(LIST, "List questions", _DESCRIPTIONS[LIST], SCHEMAS[LIST], READS),
        offer(ANSWER, "Answer a question", _DESCRIPTIONS[ANSWER], SCHEMAS[ANSWER], _ANSWERS),
    ]


async def call_questions(
    sessions: SessionVerbs,
    name: str,
    arguments: Arguments,
    go_on: Callable[[OpenQuestion], Awaitable[object]],
) -> JsonObject:
    """The answer of a tool; `go_on` has the run continued.

    Raises:
        Refusal: an argument is wrong.
        PagentsError: the question cannot be answered so.
    """
    waiting = await sessions.questions()
    if name == LIST:
        documents = [{**question_json(q), "asks": described(q)} for q in waiting]
        listed = cast("list[Json]", documents)  # a typed dictionary of JSON
        return {"status": "ok", "questions": listed}
    id = await find_question(sessions, arguments.name("id"))
    asked = next((each for each in waiting if each.id == id), None)
    given = given_answer(
        asked,
        arguments.name("answer"),
        note=arguments.text("note"),
        for_run=arguments.flag("forRun"),
        arguments=arguments.object("arguments"),
    )
    answered = await sessions.answer(id, given, via=VIA)
    await go_on(answered)
    return {"status": "ok", "answered": answered.id, "asks": described(answered)}
