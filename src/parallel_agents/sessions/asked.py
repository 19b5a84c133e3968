"""Asked: which question an answer is for, by its id or by the run that waits for it."""

from __future__ import annotations

from parallel_agents.core.cutting import head
from parallel_agents.core.question import question_number
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import InvalidInput, NotFound

_SHOWN = 5
_LISTED = "`pagents inbox` lists the questions that wait"


async def find_question(sessions: SessionReads, name: str) -> str:
    """The id of a question: `name` if it is one, or else that of the one that its run waits for.

    What a child of the run asks is the run's, too, if the run is nobody's child.

    Raises:
        NotFound: nothing is called so, or it asks nothing.
        InvalidInput: it asks several questions; the error lists them.
        Ambiguous: several runs are called so.
    """
    if question_number(name) is not None:
        return name
    try:
        session = (await sessions.find(name)).session
    except NotFound as error:
        raise NotFound(f"no question {head(name, 80)!r}, and no run", hint=_LISTED) from error
    waiting = await sessions.questions()
    rows = await sessions.rows_of([each.run for each in waiting])
    found = [
        (each, row.session.label)
        for each, row in zip(waiting, rows, strict=True)
        if session.key in (each.session, row.session.root)
    ]
    if not found:
        raise NotFound(f"{session.name} asks nothing that is unanswered", hint=_LISTED)
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise InvalidInput(
            f"{session.name} waits for {len(found)} answers",
            why=", ".join(f"{each.id} ({label})" for each, label in found[:_SHOWN]) + more,
            hint="name the question by its id; `pagents inbox` shows what each asks",
        )
    return found[0][0].id
