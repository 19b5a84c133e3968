"""Letters: the dead letters that the name of a session means."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.retry_keys import is_same_task
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.verbs import SessionReads


async def letters_of(
    reads: SessionReads, session: Session, every: DeadLetterFilter
) -> list[DeadLetter]:
    """Those of a session and all below it; without any, that of its retry which failed last: it has replaced its own."""
    if letters := await reads.dead_letters(replace(every, tree=session.key)):
        return letters
    letters = await reads.dead_letters(every)
    return [letter for letter in letters if is_same_task(letter.session, session)]


def why_none(run: Run) -> str:
    """Why the name of a session means no dead letter, by its latest run."""
    if run.status is RunStatus.DONE:
        return "it is done"
    if not run.status.is_over:
        return f"it has not ended: it is {run.status}"
    return "what failed of it was dropped, or its retry is done"
