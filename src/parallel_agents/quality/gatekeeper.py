"""Gatekeeper: the verdicts of all gates: conditions, functions, commands, judges."""

from __future__ import annotations

import asyncio
import inspect
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping

import orjson

from parallel_agents.core.gate import (
    MOST_SCORE,
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    RegexGate,
    ScoreGate,
    Verdict,
    check_plain,
    name_of,
)
from parallel_agents.core.run import Result
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.errors import GateBroken
from parallel_agents.quality.judge import Judge
from parallel_agents.quality.refiner import Refiner

_CRITIQUE_CHARACTERS = 4000

Check = Callable[..., object]


class Gates:
    """The gatekeeper of a process.

    Args:
        functions: what `FunctionGate` and `ScoreGate` name.
        judge: scores the work where a gate is `JudgeGate`.
        refiner: has answers revised.
    """

    def __init__(self, functions: Mapping[str, Check], judge: Judge, refiner: Refiner) -> None:
        self._functions = functions
        self._judge = judge
        self._refiner = refiner

    async def check(
        self, gate: Gate, submission: Submission, park: Callable[[], object]
    ) -> Verdict:
        match gate:
            case ConditionGate() | RegexGate():
                return check_plain(gate, submission.answer, submission.text)
            case FunctionGate(function=name):
                return _approval(name, await self._ask(name, submission))
            case ScoreGate():
                return _score(gate, await self._ask(gate.function, submission))
            case CommandGate():
                park()
                return await _run_command(gate, submission)
            case JudgeGate():
                park()
                return await self._judge.score(gate, submission)

    async def revise(self, by: str, draft: Draft, park: Callable[[], object]) -> Result:
        park()
        return await self._refiner.revise(by, draft)

    async def _ask(self, name: str, submission: Submission) -> object:
        """What the function of that name says of the answer."""
        function = self._functions.get(name)
        if function is None:
            raise GateBroken(
                f"no gate {name!r} in this process",
                why="the agent or the task names it, and no such function was given",
                hint=f"pass gates=[{name}] to run or open",
            )
        try:
            if inspect.iscoroutinefunction(function):
                return await function(submission.answer)
            return await asyncio.to_thread(function, submission.answer)
        except Exception as error:
            raise GateBroken(
                f"the gate {name} raised {type(error).__name__}: {error}",
                hint="let it return a verdict for every answer",
            ) from error


def _approval(name: str, said: object) -> Verdict:
    critique = said if isinstance(said, str) else ""
    is_accepted = said is True or said is None
    if not is_accepted and not critique:
        critique = f"It did not pass the check {name}."
    return Verdict(gate=name, is_accepted=is_accepted, critique=critique)


def _score(gate: ScoreGate, said: object) -> Verdict:
    """The verdict of a function that gives a score, alone or with a critique."""
    match said:
        case (int() | float() as score, str() as critique):
            pass
        case int() | float() as score:
            critique = ""
        case _:
            score, critique = -1.0, ""
    if isinstance(score, bool) or not 0 <= score <= MOST_SCORE:
        raise GateBroken(
            f"the gate {gate.function} gave no score, but {said!r:.80}",
            hint="let it return a number from 0 to 10, or one and a critique in words",
        )
    is_accepted = score >= gate.at_least
    if not is_accepted and not critique:
        critique = f"{gate.function} scores it {score:g} of 10; {gate.at_least:g} is asked."
    return Verdict(
        gate=name_of(gate),
        is_accepted=is_accepted,
        critique="" if is_accepted else critique,
        score=score,
    )


async def _run_command(gate: CommandGate, submission: Submission) -> Verdict:
    """The command's verdict: it reads the answer, as text or JSON, and refuses by its exit code."""
    answer = submission.answer
    given = answer.encode() if isinstance(answer, str) else orjson.dumps(answer)
    folder = submission.session.options.cwd or None
    try:
        process = await asyncio.create_subprocess_exec(
            *gate.command, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder
        )
    except OSError as error:
        raise GateBroken(
            f"the gate {name_of(gate)} can not be run", why=str(error), hint="correct its command"
        ) from error
    try:
        async with asyncio.timeout(gate.timeout_seconds):
            said, _ = await process.communicate(given)
    except TimeoutError as error:
        raise GateBroken(
            f"the gate {name_of(gate)} gave no verdict in {gate.timeout_seconds:g} s",
            hint="give it more time with timeout_seconds",
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    words = said.decode(errors="replace")[-_CRITIQUE_CHARACTERS:].strip()
    is_accepted = process.returncode == 0
    critique = "" if is_accepted else words or f"{name_of(gate)} ended with {process.returncode}."
    return Verdict(gate=name_of(gate), is_accepted=is_accepted, critique=critique)
