"""Preflight: refuses work whose gates, judge, refiner or tools could only fail after it was paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.condition_fields import check_conditions, ruled_out
from parallel_agents.core.gate import Gate, JudgeGate
from parallel_agents.core.needs import Lack
from parallel_agents.core.object_schema import required
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.core.task import Task
from parallel_agents.errors import ConfigError, InvalidInput
from parallel_agents.quality import judge, refiner
from parallel_agents.quality.judge_registry import JudgeRegistry
from parallel_agents.sessions.directory import Directory
from parallel_agents.sessions.requests import check_text


class Preflight:
    """Adds a task's gates to its agent, and checks the agent before anything is stored.

    Args:
        directory: finds agents and chooses models.
        judges: the models that may judge.
        lack: what this process lacks for an agent that works in a folder; None in a process that
            leaves its runs to others, which may have it.
        allow_weak_judge: whether a model that is known to judge badly may judge.
    """

    def __init__(
        self,
        directory: Directory,
        judges: JudgeRegistry,
        *,
        lack: Callable[[Agent, str], Lack | None] | None,
        allow_weak_judge: bool,
    ) -> None:
        self._directory = directory
        self._judges = judges
        self._lack = lack
        self._allow_weak_judge = allow_weak_judge

    def with_quality(self, agent: Agent, task: Task, model: str) -> Agent:
        """The agent with its own gates plus the task's, and the task's refine loop if it has one.

        The work begins on `model`.

        Raises:
            UnknownAgent, InvalidFile: a judge or refiner does not exist.
            ConfigError: the model of a judge or refiner is unknown, its key is missing, or it may
                not judge.
            InvalidInput: a condition reads a field that the output schema rules out, a judge or
                refiner cannot do its work, this process lacks what the work needs, or the task has a
                refine loop without any gate.
        """
        gates = tuple(map(self._allowed, (*agent.gates, *task.gates)))
        refine = task.refine or agent.refine
        if gates != agent.gates or refine != agent.refine:
            agent = replace(agent, gates=gates, refine=refine)
        workspace = task.workspace or agent.workspace
        folder = task.options.cwd or (workspace.folder if workspace is not None else "")
        self._check(agent, model, folder, ())
        if task.refine is not None and not gates:
            raise InvalidInput(
                f"nothing could reject the answer of {agent.name}, so there is nothing to refine",
                why="a refine loop makes another version when a gate or a judge rejects one",
                hint="add a gate or a judge, such as --gate or --judge, in Python gates=; or leave the refine loop out",
            )
        return agent

    def _allowed(self, gate: Gate) -> Gate:
        is_more = self._allow_weak_judge and isinstance(gate, JudgeGate)
        return replace(gate, allow_weak=True) if is_more else gate

    def _check(self, agent: Agent, model: str, cwd: str, above: tuple[str, ...]) -> None:
        """Check an agent, and those that judge and refine its work; `above` are those it is one of."""
        lack = None if self._lack is None else self._lack(agent, cwd)
        if lack is not None:
            raise InvalidInput(lack.text, why=lack.why, hint=lack.hint)
        check_conditions(agent.gates, agent.output_schema)
        for gate in agent.gates:
            if isinstance(gate, JudgeGate):
                self._check_judge(gate, above)
        if agent.refine is not None and agent.refine.by:
            self._check_refiner(agent, agent.refine.by, model, above)

    def _check_judge(self, gate: JudgeGate, above: tuple[str, ...]) -> None:
        agent = self._judges.judge(gate.by)
        if not gate.rubric.strip():
            raise InvalidInput(
                "a judge has an empty rubric",
                why="it scores the work by the rubric alone",
                hint="write what makes the work good",
            )
        _check_input(agent, judge.MADE, {"rubric": gate.rubric})
        if all(ruled_out((name,), agent.output_schema) for name in judge.SCORED):
            raise InvalidInput(
                f"{agent.name} cannot judge",
                why=f"its answers have neither {' nor '.join(judge.SCORED)}",
                hint="give it an output schema with `score` and `critique`",
            )
        model = self._judges.model_for(gate.model, gate.by)
        weakness = self._judges.weakness_of(model)
        if weakness and not (gate.allow_weak or self._allow_weak_judge):
            raise ConfigError(f"{model} may not judge", why=weakness, hint=judge.STRONGER)
        self._check(agent, model, "", _below(above, agent.name))

    def _check_refiner(self, writer: Agent, name: str, model: str, above: tuple[str, ...]) -> None:
        agent = self._directory.agent(name)
        _check_input(agent, refiner.MADE, {})
        chosen = self._directory.choose(agent, agent.model or model).model
        agent = replace(agent, output_schema=writer.output_schema, examples=())
        self._check(agent, chosen, "", _below(above, name))


def _below(above: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The agents above the work of the one of that name.

    Raises:
        InvalidInput: it is one of them, so that each judgement would need another one, without end.
    """
    path = (*above, name)
    if name in above:
        raise InvalidInput(
            f"{name} judges or refines its own judgement",
            why=f"the work of each is checked by the next: {', '.join(path)}, without end",
            hint="remove the gate or the refine loop of one of them",
        )
    return path


def _check_input(agent: Agent, made: tuple[str, ...], given: JsonObject) -> None:
    """Refuse an agent that cannot take its input, of which what is `made` by the work is not known.

    Raises:
        InvalidInput: its input schema requires another field, has no such field, or refuses a value.
    """
    check_text(agent.name, given)
    schema, names = agent.input_schema or {}, (*given, *made)
    properties = schema.get("properties")
    fields: JsonObject = properties if isinstance(properties, Mapping) else {}
    is_closed = schema.get("additionalProperties") is False
    faults = [f"it requires {name!r}" for name in required(schema) if name not in names]
    faults += [f"it has no {name!r}" for name in names if is_closed and name not in fields]
    faults += [
        str(problem)
        for problem in compiled(schema).problems({**given, **dict.fromkeys(made, "…")})
        if problem.where.partition("/")[0] in given
    ]
    if faults:
        raise InvalidInput(
            f"{agent.name} cannot take {', '.join(names)} from a gate or refine loop",
            why=f"of its input schema: {'; '.join(faults)}",
            hint=f"change the input schema of {agent.name}, or what it is given",
        )
