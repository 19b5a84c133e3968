"""Budget question: a run whose budget is used up waits until a person raises it, or lets it end."""

from __future__ import annotations

from parallel_agents.core.budget_answer import FINISH, is_raise
from parallel_agents.core.decisions import Decisions
from parallel_agents.core.message import Place
from parallel_agents.core.question import BUDGET_PREFIX, Question, QuestionKind
from parallel_agents.core.steps import AskBudget
from parallel_agents.errors import OverBudget
from parallel_agents.runners.agent.questions import Questions
from parallel_agents.runners.agent.work import Work


async def ask_budget(work: Work, step: AskBudget) -> None:
    """Wait for the answer; the run has no slot, its time stands still, and nothing is billed.

    Who raises a budget does so in the store, with the answer; here the call is only made again.

    Raises:
        OverBudget: the budget is not raised.
    """
    transcript, error = work.transcript, step.error
    questions = Questions(work.activation, transcript, work.patience)
    about, place = _about(transcript.decisions), Place(transcript.turn + 1, 0)
    question = Question(
        question=QuestionKind.BUDGET,
        text=f"{error.message} ({error.why})",
        default=FINISH,
        account=error.asks,
        cause=error.cause,
        expires_at=questions.end,
    )
    await questions.ask({about: (place, question)})
    work.clock.park()
    answer = await questions.answer(about, place)
    await work.clock.resume()
    if answer.allow and is_raise(answer.text):
        return
    may_answer = answer.allow and answer.text.strip().lower() == FINISH
    raise OverBudget(
        error.message, why=error.why, hint=error.hint, may_answer=may_answer, account=error.account
    )


def _about(decisions: Decisions) -> str:
    """The question of a budget that waits, such as after a crash; else the next one."""
    asked = [about for about in decisions.asked if about.startswith(BUDGET_PREFIX)]
    waiting = [about for about in asked if about not in decisions.answered]
    return waiting[-1] if waiting else f"{BUDGET_PREFIX}{len(asked) + 1}"
