"""Answering: the answer to a question from the text that a person or a client gives."""

from __future__ import annotations

from parallel_agents.core.command import IN_RUN
from parallel_agents.core.cutting import head
from parallel_agents.core.fitting import chosen
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput
from parallel_agents.settings import Environment

ALLOW, DENY = "allow", "deny"


def check_is_person(environment: Environment) -> None:
    """Refuse to answer for a person from within a run.

    This keeps an agent from it by mistake; what keeps it from it on purpose is its sandbox.

    Raises:
        InvalidInput: this process was started by a run.
    """
    if environment.variables.get(IN_RUN):
        raise InvalidInput(
            "a run cannot answer questions",
            why="they are for a person, and this command was started by an agent",
            hint="answer from a terminal of your own",
        )


def given_answer(
    question: OpenQuestion | None,
    text: str,
    *,
    note: str = "",
    for_run: bool = False,
    arguments: JsonObject | None = None,
) -> Answer:
    """The answer that a text means; if its question no longer waits, the store says why.

    Raises:
        InvalidInput: the text or an option does not fit the question.
    """
    if question is not None and question.question.is_approval:
        return _verdict(text, note, for_run=for_run, arguments=arguments)
    if question is not None and note:
        raise InvalidInput("--note goes with the denial of a call", hint="leave it out")
    return Answer(allow=True, text=text, for_run=for_run, arguments=arguments)


def _verdict(text: str, note: str, *, for_run: bool, arguments: JsonObject | None) -> Answer:
    """The answer to a call that waits for an approval."""
    verdict = chosen((ALLOW, DENY), text)
    if verdict is None:
        raise InvalidInput(
            f"{head(text, 40)!r} does not answer whether a call may be made",
            hint=f"answer {ALLOW} or {DENY}; a note tells the agent why",
        )
    if verdict == DENY and (for_run or arguments is not None):
        raise InvalidInput(
            "--for-run and --arguments require the answer allow", hint="leave them out"
        )
    if verdict == ALLOW and note:
        raise InvalidInput("--note requires the answer deny", hint="leave it out")
    return Answer(allow=verdict == ALLOW, text=note, for_run=for_run, arguments=arguments)
