"""Judge: an agent that reads the work and scores it by a rubric, in sessions below the work's own.

A model that judges badly makes a useless gate. If it is known to judge badly, or failed a
calibration, it is refused unless the gate allows it; then its scores say so.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.gate import MAX_SCORE, JudgeGate, Verdict, describe_gate
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.submission import Submission
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import GateBroken
from parallel_agents.quality.judge_registry import JudgeRegistry

GROUP = "judge"
# What a judge is given besides the rubric, and the fields of which its answer must have one.
MADE = ("task", "work")
SCORED = ("score", "criteria")
STRONGER = (
    "name a stronger model for the judge, or set a key such as ANTHROPIC_API_KEY; or allow this one"
    " with --allow-weak-judge, in Python with JudgeGate(..., allow_weak=True)"
)
_MAX_CHARACTERS = 60_000


class Judge:
    """Scores work by asking judging agents.

    Args:
        sessions: the verbs.
        registry: the judges, their models, and how well these judge.
    """

    def __init__(self, sessions: Sessions, registry: JudgeRegistry) -> None:
        self._sessions = sessions
        self._registry = registry

    async def score(self, gate: JudgeGate, submission: Submission) -> Verdict:
        """The verdict based on the lower median of the gate's votes.

        Raises:
            GateBroken: the model is not allowed to judge, or no judge gave a score.
        """
        model = self._registry.model_for(gate.model, gate.by)
        notice = self._notice(model, is_allowed=gate.allow_weak)
        votes = await self.votes(gate, submission, model)
        scores = [score for score, _ in votes]
        score = float(statistics.median_low(scores))
        is_accepted = score >= gate.at_least
        critique = "" if is_accepted else "\n".join(text for _, text in votes if text)
        return Verdict(
            gate=describe_gate(gate),
            is_accepted=is_accepted,
            critique=critique,
            score=score,
            notice=notice,
        )

    async def votes(
        self, gate: JudgeGate, submission: Submission, model: str
    ) -> list[tuple[float, str]]:
        """Each judge's score and critique."""
        judge = self._registry.judge(gate.by)
        spawned = [
            await self._sessions.spawn(
                Task(
                    judge,
                    "Judge the work by the rubric.",
                    input={
                        "task": head(submission.task, _MAX_CHARACTERS),
                        "rubric": gate.rubric,
                        "work": _as_text(submission.answer),
                    },
                    model=model,
                    label=f"judge of {submission.session.label}",
                    key=_key(gate, submission, vote),
                    options=SessionOptions(group=GROUP, is_quiet=True, is_service=True),
                ),
                parent=submission.session.key,
            )
            for vote in range(gate.votes)
        ]
        results = await self._sessions.wait([child.run_id for child in spawned])
        votes = [vote for vote in map(vote_of, results) if vote is not None]
        if not votes:
            error = results[0].error
            raise GateBroken(
                "no judge gave a score",
                why=f"{error.code} {error.message}" if error else "",
                hint="name another model for the judge, or remove the gate",
            )
        return votes

    def _notice(self, model: str, *, is_allowed: bool) -> str:
        """A warning about a judge that is weak or was not calibrated; empty for a good one.

        Raises:
            GateBroken: the model is weak, and the gate does not allow that.
        """
        weakness = self._registry.weakness_of(model)
        if not weakness:
            is_calibrated = self._registry.agreement_of(model) is not None
            return (
                ""
                if is_calibrated
                else f"scored by {model}, which is not calibrated: run `pagents judge calibrate`"
            )
        if not is_allowed:
            raise GateBroken(f"{model} may not judge", why=weakness, hint=STRONGER)
        return f"scored by {model}, a weak judge: {weakness}"


def _key(gate: JudgeGate, submission: Submission, vote: int) -> str:
    item = f"item-{submission.item}-" if submission.item else ""
    return f"judge-{item}{submission.attempt}-{submission.turn}-{gate.at_least:g}-{vote}"


def _as_text(answer: Json) -> str:
    text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    return head(text, _MAX_CHARACTERS)


def vote_of(result: Result) -> tuple[float, str] | None:
    """The score and critique of a judge's answer; None if it has no score.

    The score is the mean over the criteria, or else the one score of the whole.
    """
    output = result.output
    if not result.is_done or not isinstance(output, Mapping):
        return None
    scores = [_score_in(item) for item in _scored_items(output)]
    numbers = [score for score in scores if score is not None]
    if not numbers:
        return None
    return statistics.fmean(numbers), str(output.get("critique") or "")


def _scored_items(output: JsonObject) -> Sequence[Json]:
    """The parts of an answer that have scores: its criteria, or the answer itself."""
    criteria = output.get("criteria")
    if isinstance(criteria, Sequence) and not isinstance(criteria, str):
        return criteria
    return [output]


def _score_in(item: Json) -> float | None:
    score = item.get("score") if isinstance(item, Mapping) else None
    if not isinstance(score, int | float) or isinstance(score, bool):
        return None
    return float(score) if 0 <= score <= MAX_SCORE else None
