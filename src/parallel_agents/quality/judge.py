"""Judge: an agent that reads the work and scores it by a rubric, in sessions under the work's own.

A model that judges badly would make a fake gate: one that is known to, or that failed a
calibration, is refused unless the gate allows it, and then its scores say so.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Protocol

import orjson

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.gate import MOST_SCORE, JudgeGate, Verdict, name_of
from parallel_agents.core.model import Capabilities
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.submission import Submission
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import GateBroken

GROUP = "judge"
_SHOWN_CHARACTERS = 60_000


class Judges(Protocol):
    """Who may judge."""

    def judge(self, name: str) -> Agent:
        """The agent that judges."""
        ...

    def model_for(self, asked: str | None, judge: str) -> str:
        """Its model: the one that is asked for, or the strongest that there is."""
        ...

    def capabilities_of(self, model: str) -> Capabilities: ...

    def agreement_of(self, model: str) -> float | None:
        """What share of a calibration's pairs it put right, or None where there was none."""
        ...


MIN_AGREEMENT = 0.8


class Judge:
    """Scores work by asking judges.

    Args:
        sessions: the verbs.
        bench: who may judge.
    """

    def __init__(self, sessions: Sessions, bench: Judges) -> None:
        self._sessions = sessions
        self._bench = bench

    async def score(self, gate: JudgeGate, submission: Submission) -> Verdict:
        """The verdict of the gate's votes: the middle of their scores.

        Raises:
            GateBroken: the model may not judge, or no judge gave a score.
        """
        model = self._bench.model_for(gate.model, gate.by)
        notice = self._notice(model, is_allowed=gate.allow_weak)
        votes = await self.votes(gate, submission, model)
        scores = [score for score, _ in votes]
        score = float(statistics.median_low(scores))
        is_accepted = score >= gate.at_least
        critique = "" if is_accepted else "\n".join(words for _, words in votes if words)
        return Verdict(
            gate=name_of(gate),
            is_accepted=is_accepted,
            critique=critique,
            score=score,
            notice=notice,
        )

    async def votes(
        self, gate: JudgeGate, submission: Submission, model: str
    ) -> list[tuple[float, str]]:
        """Each judge's score and critique."""
        judge = self._bench.judge(gate.by)
        spawned = [
            await self._sessions.spawn(
                Task(
                    judge,
                    "Judge the work by the rubric.",
                    input={
                        "task": submission.task[:_SHOWN_CHARACTERS],
                        "rubric": gate.rubric,
                        "work": _shown(submission.answer),
                    },
                    model=model,
                    label=f"judge of {submission.session.label}",
                    key=f"judge-{submission.attempt}-{submission.turn}-{gate.at_least:g}-{vote}",
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
                hint="name another model for the judge, or leave the gate out",
            )
        return votes

    def _notice(self, model: str, *, is_allowed: bool) -> str:
        """What a reader of the score should know of a judge that is weak."""
        agreement = self._bench.agreement_of(model)
        if agreement is not None and agreement >= MIN_AGREEMENT:
            return ""
        is_weak = Need.JUDGEMENT in self._bench.capabilities_of(model).lacks
        if agreement is None and not is_weak:
            return f"scored by {model}, which was not calibrated: pagents judge calibrate"
        why = (
            f"it put {agreement:.0%} of the calibration's pairs right; {MIN_AGREEMENT:.0%} is asked"
            if agreement is not None
            else "models of its size score good and bad work alike"
        )
        if not is_allowed:
            raise GateBroken(
                f"{model} may not judge",
                why=why,
                hint="name a stronger model for the judge, or allow it with --allow-weak-judge",
            )
        return f"scored by {model}, a weak judge: {why}"


def _shown(answer: Json) -> str:
    text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    return text[:_SHOWN_CHARACTERS]


def vote_of(result: Result) -> tuple[float, str] | None:
    """A judge's score, the mean of its criteria or its own, and what it finds wanting."""
    output = result.output
    if not result.is_done or not isinstance(output, Mapping):
        return None
    scores = [_score_in(item) for item in _scored_of(output)]
    numbers = [score for score in scores if score is not None]
    if not numbers:
        return None
    return statistics.fmean(numbers), str(output.get("critique") or "")


def _scored_of(output: JsonObject) -> Sequence[Json]:
    """What has the scores: the criteria, or the answer itself."""
    criteria = output.get("criteria")
    if isinstance(criteria, Sequence) and not isinstance(criteria, str):
        return criteria
    return [output]


def _score_in(item: Json) -> float | None:
    score = item.get("score") if isinstance(item, Mapping) else None
    if not isinstance(score, int | float) or isinstance(score, bool):
        return None
    return float(score) if 0 <= score <= MOST_SCORE else None
