"""Gatekeeper: the verdicts of all gates: conditions, functions, commands, judges."""

from __future__ import annotations

import asyncio
import inspect
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping

import orjson

from parallel_agents.core.gate import (
    Approves,
    Gate,
    Holds,
    Judged,
    Matches,
    Passes,
    Verdict,
    check_plain,
    name_of,
)
from parallel_agents.core.submission import Submission
from parallel_agents.errors import GateBroken
from parallel_agents.quality.judge import Judge

_CRITIQUE_CHARACTERS = 4000

Check = Callable[..., object]


class Gates:
    """The gatekeeper of a process.

    Args:
        functions: what `Approves` names.
        judge: scores the work where a gate is `Judged`.
    """

    def __init__(self, functions: Mapping[str, Check], judge: Judge) -> None:
        self._functions = functions
        self._judge = judge

    async def check(
        self, gate: Gate, submission: Submission, park: Callable[[], object]
    ) -> Verdict:
        match gate:
            case Holds() | Matches():
                return check_plain(gate, submission.answer, submission.text)
            case Approves():
                return await self._ask_function(gate, submission)
            case Passes():
                park()
                return await _run_command(gate, submission)
            case Judged():
                park()
                return await self._judge.score(gate, submission)

    async def _ask_function(self, gate: Approves, submission: Submission) -> Verdict:
        function = self._functions.get(gate.function)
        if function is None:
            raise GateBroken(
                f"no gate {gate.function!r} in this process",
                why="the agent or the task names it, and no such function was given",
                mend=f"pass gates=[{gate.function}] to run or open",
            )
        try:
            if inspect.iscoroutinefunction(function):
                said: object = await function(submission.answer)
            else:
                said = await asyncio.to_thread(function, submission.answer)
        except Exception as error:
            raise GateBroken(
                f"the gate {gate.function} raised {type(error).__name__}: {error}",
                mend="let it return True, False, or a critique in words",
            ) from error
        critique = said if isinstance(said, str) else ""
        is_accepted = said is True or said is None
        if not is_accepted and not critique:
            critique = f"It did not pass the check {gate.function}."
        return Verdict(gate=gate.function, is_accepted=is_accepted, critique=critique)


async def _run_command(gate: Passes, submission: Submission) -> Verdict:
    """The command's verdict: it reads the answer, as text or JSON, and refuses by its exit code."""
    answer = submission.answer
    given = answer.encode() if isinstance(answer, str) else orjson.dumps(answer)
    folder = submission.session.traits.cwd or None
    try:
        process = await asyncio.create_subprocess_exec(
            *gate.command, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder
        )
    except OSError as error:
        raise GateBroken(
            f"the gate {name_of(gate)} can not be run", why=str(error), mend="correct its command"
        ) from error
    try:
        async with asyncio.timeout(gate.timeout_seconds):
            said, _ = await process.communicate(given)
    except TimeoutError as error:
        raise GateBroken(
            f"the gate {name_of(gate)} gave no verdict in {gate.timeout_seconds:g} s",
            mend="give it more time with timeout_seconds",
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    words = said.decode(errors="replace")[-_CRITIQUE_CHARACTERS:].strip()
    is_accepted = process.returncode == 0
    critique = "" if is_accepted else words or f"{name_of(gate)} ended with {process.returncode}."
    return Verdict(gate=name_of(gate), is_accepted=is_accepted, critique=critique)
