"""Gatekeeper: gives the verdict of each kind of gate: conditions, functions, commands, judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import orjson

from parallel_agents.containment.calls import contained, describe
from parallel_agents.containment.commands import MOST_OUTPUT_BYTES
from parallel_agents.containment.patterns import MOST_SECONDS, PatternTooSlow, is_found
from parallel_agents.core.command import CommandEnd, Commands, Ending
from parallel_agents.core.cutting import head, tail
from parallel_agents.core.gate import (
    MAX_SCORE,
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    QuotesGate,
    RegexGate,
    ScoreGate,
    SourcesGate,
    Verdict,
    condition_verdict,
    describe_gate,
    regex_verdict,
)
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.quotes import quotes_verdict
from parallel_agents.core.run import Result
from parallel_agents.core.session_command import session_command
from parallel_agents.core.shown import shown
from parallel_agents.core.sources import sources_verdict
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.core.unicode import whole_text
from parallel_agents.errors import (
    GateBroken,
    LimitUnenforced,
    PagentsError,
    SandboxMissing,
    SandboxRefused,
)
from parallel_agents.quality.gate_function import Check, GateFunction
from parallel_agents.quality.judge import Judge
from parallel_agents.quality.refiner import Refiner

_CRITIQUE_CHARACTERS = 4000


class Gates:
    """The gatekeeper of a process.

    Args:
        functions: the functions that a `FunctionGate` or `ScoreGate` names.
        judge: scores the work for a `JudgeGate`.
        refiner: has answers revised by another agent.
        commands: where the commands of gates run.
        permissions: the process's own rules, which may hide files from them.
    """

    def __init__(
        self,
        functions: Mapping[str, Check],
        judge: Judge,
        refiner: Refiner,
        commands: Commands,
        permissions: Permissions = NO_PERMISSIONS,
    ) -> None:
        self._functions = {
            name: GateFunction(function, name) for name, function in functions.items()
        }
        self._judge = judge
        self._refiner = refiner
        self._commands = commands
        self._permissions = permissions

    async def check(
        self, gate: Gate, submission: Submission, park: Callable[[], object]
    ) -> Verdict:
        match gate:
            case ConditionGate():
                return condition_verdict(gate, submission.answer)
            case RegexGate():
                return await _search(gate, submission)
            case SourcesGate():
                return sources_verdict(gate, submission.answer, submission.calls)
            case QuotesGate():
                return quotes_verdict(gate, submission.answer, submission.given)
            case FunctionGate(function=name):
                return await self._call(name, submission, partial(_verdict_of, name))
            case ScoreGate():
                return await self._call(gate.function, submission, partial(_score_verdict, gate))
            case CommandGate():
                park()
                return await self._run_command(gate, submission)
            case JudgeGate():
                park()
                return await self._judge.score(gate, submission)

    async def revise(self, by: str, draft: Draft, park: Callable[[], object]) -> Result:
        park()
        return await self._refiner.revise(by, draft)

    async def _run_command(self, gate: CommandGate, submission: Submission) -> Verdict:
        """The verdict of a command, which reads the answer from stdin as text or JSON."""
        answer = submission.answer
        stdin = answer.encode(errors="replace") if isinstance(answer, str) else orjson.dumps(answer)
        limit = gate.timeout_seconds
        command = session_command(
            submission.session,
            self._permissions,
            gate.command,
            sandbox=submission.sandbox,
            timeout_seconds=limit,
            stdin=stdin,
        )
        try:
            end = await self._commands.run(command)
        except (OSError, ValueError, LimitUnenforced, SandboxMissing, SandboxRefused) as error:
            raise GateBroken(
                f"the gate {describe_gate(gate)} cannot be run",
                why=f"{error}: {error.why}" if isinstance(error, PagentsError) else str(error),
                hint=error.hint if isinstance(error, PagentsError) else "correct its command",
            ) from error
        return _command_verdict(gate, end)

    async def _call(
        self, name: str, submission: Submission, verdict: Callable[[object], Verdict]
    ) -> Verdict:
        """The verdict of the function of that name, made by `verdict` of what it returns.

        Raises:
            GateBroken: there is no such function, or it raised.
        """
        function = self._functions.get(name)
        if function is None:
            raise GateBroken(
                f"this process has no gate {name!r}",
                why="the agent or the task names it, and no function of that name was passed",
                hint=f"pass gates=[{name}] to `run`, `run_flow`, `open` or what else you call",
            )
        try:
            return await contained(function.call(verdict, submission), name)
        except GateBroken:
            raise  # it takes no such answer, or `verdict` refused what it returned
        except Exception as error:
            raise GateBroken(
                f"the gate {name} raised {describe(error)}",
                why=function.place_of(error),
                hint="make it return a verdict for every answer",
            ) from error


async def _search(gate: RegexGate, submission: Submission) -> Verdict:
    """The verdict of a pattern, which is searched where it can be stopped."""
    try:
        found = await is_found(gate.pattern, submission.text)
    except PatternTooSlow as error:
        raise GateBroken(
            f"the gate {describe_gate(gate)} gave no verdict in {MOST_SECONDS:g} s",
            why=str(error) or "its pattern has more ways to match than can be tried",
            hint="write it without repetitions inside of repetitions",
        ) from error
    except OSError as error:
        raise GateBroken(
            f"the gate {describe_gate(gate)} cannot be run",
            why=str(error),
            hint="write it without look-around and references to groups",
        ) from error
    return regex_verdict(gate, is_found=found)


def _verdict_of(name: str, returned: object) -> Verdict:
    """The verdict of a function that returns True, None, or a critique; False has none.

    Raises:
        GateBroken: it returned something else, which would reject good answers in silence.
    """
    if not isinstance(returned, bool | str | None):
        raise GateBroken(
            f"the gate {name} returned {shown(returned, 80)}, which is not a verdict",
            hint="make it return True, or a critique as text; use ScoreGate for a score",
        )
    critique = head(whole_text(returned), _CRITIQUE_CHARACTERS) if isinstance(returned, str) else ""
    is_accepted = returned is True or returned is None
    if not is_accepted and not critique:
        critique = f"The answer did not pass the check {name}."
    return Verdict(gate=name, is_accepted=is_accepted, critique=critique)


def _score_verdict(gate: ScoreGate, returned: object) -> Verdict:
    """The verdict of a function that returns a score, alone or with a critique."""
    match returned:
        case (int() | float() as score, str() as text):
            critique = head(whole_text(text), _CRITIQUE_CHARACTERS)
        case int() | float() as score:
            critique = ""
        case _:
            score, critique = -1.0, ""
    if isinstance(score, bool) or not 0 <= score <= MAX_SCORE:
        raise GateBroken(
            f"the gate {gate.function} returned {shown(returned, 80)}, which is not a score",
            hint="make it return a number from 0 to 10, alone or with a critique",
        )
    is_accepted = score >= gate.at_least
    if not is_accepted and not critique:
        critique = f"{gate.function} scores it {score:g} of 10; it needs {gate.at_least:g}."
    return Verdict(
        gate=describe_gate(gate),
        is_accepted=is_accepted,
        critique="" if is_accepted else critique,
        score=score,
    )


def _command_verdict(gate: CommandGate, end: CommandEnd) -> Verdict:
    """The verdict of a command that has ended.

    Raises:
        GateBroken: it gave none.
    """
    shown_gate = describe_gate(gate)
    match end.ending:
        case Ending.TIMED_OUT:
            raise GateBroken(
                f"the gate {shown_gate} gave no verdict in {gate.timeout_seconds:g} s",
                hint="raise its timeout_seconds",
            )
        case Ending.TOO_MUCH_OUTPUT | Ending.OUTPUT_USED_UP:
            raise GateBroken(
                f"the gate {shown_gate} wrote more than {MOST_OUTPUT_BYTES // 1_000_000} MB",
                hint="make it write only its critique",
            )
        case Ending.EXITED:
            is_accepted = end.code == 0
            told = "".join(f"\n[{hit.text}]" for hit in end.hits)
            text = f"{tail(end.output, _CRITIQUE_CHARACTERS)}{told}".strip()
            critique = "" if is_accepted else text or f"{shown_gate} exited with {end.code}."
            return Verdict(gate=shown_gate, is_accepted=is_accepted, critique=critique)
