"""Drive: run a case against the product, through its public interface, and say what is not as told."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import parallel_agents as pa
from tests.wires.case import Agent, Case, Form, Step, Tool, Wire
from tests.wires.formats.shape import table
from tests.wires.matching import CONDITIONS, Condition, shorten
from tests.wires.server import FORMATS, Script, Server

KEY = "sk-cases-not-a-secret"
KEY_VARIABLE = "CASES_KEY"
_WIRE_SETTING: Mapping[Wire, str] = {"messages": "anthropic"}
_PRICES = {"*": {"input_usd": 1.0, "output_usd": 1.0}}
_SCHEMAS: Mapping[str, Any] = {
    "kind": {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["bug", "question", "billing"]}},
        "required": ["kind"],
        "additionalProperties": False,
    }
}
_CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


class Mismatch(AssertionError):
    """The product does not do what the case says."""


@dataclass(slots=True)
class _Weather:
    """A tool that records its calls; while it runs, a message may be sent to its caller."""

    spec: pa.ToolSpec
    returns: str | None
    calls: list[dict[str, Any]]
    steering: list[tuple[pa.SessionHandle, str]]

    async def call(self, arguments: Mapping[str, Any], context: pa.ToolContext) -> str:
        self.calls.append({self.spec.name: dict(arguments)})
        while self.steering:
            handle, text = self.steering.pop()
            await handle.steer(text)
        return self.returns if self.returns is not None else f"sunny in {arguments.get('city')}"


@dataclass(slots=True)
class _Run:
    """What one step's run brought."""

    result: pa.Result | None = None
    raised: str = ""
    heard: list[str] = field(default_factory=list[str])
    seconds: float = 0.0


class _Player:
    def __init__(self, case: Case, form: Form, server: Server) -> None:
        self._case = case
        self._form = form
        self._server = server
        self._calls: list[dict[str, Any]] = []
        self._steering: list[tuple[pa.SessionHandle, str]] = []
        self.steps = [case, *(_filled(step, case) for step in case.then)]

    @property
    def settings(self) -> dict[str, Any]:
        tables = {_lane(step): self._table(step) for step in reversed(self.steps)}
        return {"tries": 2, **self._case.settings, "providers": tables}

    @property
    def tools(self) -> list[_Weather]:
        given = [tool for step in self.steps for tool in (step.agent or Agent()).tools]
        made = {name: self._tool(each) for each in given if (name := _name(each))}
        return list(made.values())

    def _tool(self, tool: str | Tool) -> _Weather:
        if isinstance(tool, Tool):
            spec, returns = pa.ToolSpec(tool.name, tool.description, tool.parameters), tool.returns
        else:
            spec, returns = (
                pa.ToolSpec(tool, "The weather of a city.", _CITY),
                self._case.tool_returns,
            )
        return _Weather(spec, returns, self._calls, self._steering)

    def _table(self, step: Step) -> dict[str, Any]:
        wire = step.wire or "chat"
        table = {
            "wire": _WIRE_SETTING.get(wire, wire),
            "base_url": f"{self._server.origin}/{_lane(step)}{FORMATS[wire].BASE}",
            "key": f"env:{KEY_VARIABLE}",
            "prices": _PRICES,
        }
        given = {key: self._here(value) for key, value in (step.provider or {}).items()}
        return {k: v for k, v in {**table, **given}.items() if v is not None}

    def _here(self, value: Any) -> Any:
        return value.replace("$ORIGIN", self._server.origin) if isinstance(value, str) else value

    async def play(self, sessions: pa.OpenSessions) -> list[str]:
        problems: list[str] = []
        handle: pa.SessionHandle | None = None
        for number, step in enumerate(self.steps, 1):
            script = Script(step.wire or "chat", step.exchanges, step.rules or _rules(step))
            self._server.scripts[_lane(step)] = script
            self._calls.clear()
            run = _Run()
            handle = await self._begin(sessions, step, handle, run)
            if handle is not None:
                await self._wait(handle, step, run)
            where = f"step {number}: " if len(self.steps) > 1 else ""
            problems += [where + each for each in self._check(step, script, run)]
        return problems

    async def _begin(
        self,
        sessions: pa.OpenSessions,
        step: Step,
        before: pa.SessionHandle | None,
        run: _Run,
    ) -> pa.SessionHandle | None:
        try:
            if step.how == "send" and before is not None:
                await before.send(step.task)
                return before
            is_fork = step.how == "fork"
            task = pa.Task(_agent(step), step.task, model=_model(step), is_fork=is_fork)
            return await sessions.spawn(task, parent=before if is_fork else None)
        except pa.PagentsError as error:
            run.raised = error.code
            return None

    async def _wait(self, handle: pa.SessionHandle, step: Step, run: _Run) -> None:
        if step.steer is not None:
            self._steering.append((handle, step.steer))
        if self._form is Form.STREAM:
            handle.listen(run.heard.append)
        began = time.monotonic()
        try:
            run.result = await handle.wait(timeout=self._case.within)
        except TimeoutError:
            await handle.kill()
        run.seconds = time.monotonic() - began

    def _check(self, step: Step, script: Script, run: _Run) -> list[str]:
        told, problems = step.told, list(script.problems)
        if (told.raises or "") != run.raised:
            problems.append(f"it raised {run.raised or 'nothing'}, not {told.raises or 'nothing'}")
        if run.result is None:
            return problems if told.raises else [*problems, "it has no result in time"]
        result, values = run.result, _values(run.result)
        values |= {"requests": len(script.requests), "seconds": run.seconds}
        error = told.error or ("" if told.status == "done" else values["error"])
        asked = {"status": told.status, "error": error}
        for name in ("output", "text", "message", "hint", "notices", "cost", "requests", "seconds"):
            if name in told.model_fields_set:
                asked[name] = getattr(told, name)
        problems += [line for name, a in asked.items() if (line := _differs(name, a, values[name]))]
        for name, tokens in (told.usage or {}).items():
            counted = getattr(result.usage, f"{name}_tokens")
            if counted != tokens:
                problems.append(f"usage.{name} is {counted}, not {tokens}")
        if told.calls is not None and list(told.calls) != self._calls:
            problems.append(f"the calls were {self._calls}, not {list(told.calls)}")
        if (
            told.heard is not None
            and self._form is Form.STREAM
            and told.heard != "".join(run.heard)
        ):
            problems.append(f"the listener heard {run.heard}, not {told.heard!r}")
        return [*problems, f"(it ended so: {shorten(values)})"] if problems else []


def _values(result: pa.Result) -> dict[str, Any]:
    error = result.error
    cost = result.cost_usd
    return {
        "status": result.status.value,
        "error": error.code if error else "",
        "output": result.output,
        "text": result.text,
        "message": f"{error.message} {error.why}" if error else "",
        "hint": error.hint if error else "",
        "notices": " ".join(result.notices),
        "cost": "unknown" if cost is None else cost,
    }


def _differs(name: str, asked: Any, value: Any) -> str:
    """A text that is asked of a message or a hint is to be part of it; all else is equal."""
    if name in {"message", "hint", "notices"} and not table(asked):
        parts: list[str] = [asked] if isinstance(asked, str) else asked
        lost = [part for part in parts if part.lower() not in value.lower()]
        return f"the {name} lacks {lost}: {value!r}" if lost else ""
    if asked == "known":
        return "" if value != "unknown" else f"{name} is unknown"
    is_value = name == "output" and not set(table(asked)) <= CONDITIONS
    condition = Condition.read({"is": asked} if is_value else asked)
    return "" if condition.holds([value]) else f"{name} must be {condition.text}, not {value!r}"


def _filled(step: Step, first: Case) -> Step:
    """A later step, with what it leaves out taken from the first."""
    kept = {"agent": first.agent}
    if step.wire is None and step.preset is None and step.provider is None:
        kept |= {"wire": first.wire, "preset": first.preset, "provider": first.provider}
        kept |= {"rules": first.rules, "model": first.model}
    return step.model_copy(update={k: v for k, v in kept.items() if getattr(step, k) is None})


def _lane(step: Step) -> str:
    """The name of a step's provider: its preset, or one that no preset has."""
    return step.preset or f"acme-{step.wire or 'chat'}"


def _model(step: Step) -> str:
    return f"{_lane(step)}/{step.model or 'm1'}"


def _rules(step: Step) -> Sequence[str]:
    return ("orderly",) if step.rules is None else ()


def _name(tool: str | Tool) -> str:
    return tool if isinstance(tool, str) else tool.name


def _agent(step: Step) -> pa.Agent:
    asked = step.agent or Agent()
    schema = asked.output_schema
    return pa.Agent(
        name="probe",
        description="A probe.",
        instructions=asked.instructions,
        output_schema=_SCHEMAS[schema] if isinstance(schema, str) else schema,
        tools=tuple(_name(tool) for tool in asked.tools),
        temperature=asked.temperature,
        thinking=None if asked.thinking is None else pa.ThinkingLevel(asked.thinking),
        limits=pa.Limits(**{k: _count(k, v) for k, v in asked.limits.items()}),
        budget=pa.Budget(**{k: _count(k, v) for k, v in asked.budget.items()}),
        policy=pa.Policy(spawns=("*",) if asked.spawns else ()),
    )


def _count(name: str, value: float) -> Any:
    return value if name.endswith("seconds") or name == "usd" else int(value)


@contextmanager
def _environment(variables: Mapping[str, str], origin: str) -> Generator[None]:
    """Set the variables of a case; only one case that has some may be played at a time."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= {name: text.replace("$ORIGIN", origin) for name, text in variables.items()}
    try:
        yield
    finally:
        for name, text in before.items():
            os.environ.pop(name)
            os.environ |= {} if text is None else {name: text}


async def play(case: Case, form: Form, home: Path) -> None:
    """Run the case in one form.

    Raises:
        Mismatch: the product does not do what the case says; it tells all that differs.
    """
    async with Server.open() as server:
        player = _Player(case, form, server)
        opened = pa.open(home=home, tools=player.tools, settings=player.settings)
        try:
            with _environment(case.env, server.origin):
                async with opened as sessions:
                    problems = await player.play(sessions)
        except pa.PagentsError as error:
            problems = [f"it does not open: {error.code} {error.message} {error.why}"]
        if server.bugs:
            raise ExceptionGroup("the case cannot be played", list(server.bugs))
    if problems:
        raise Mismatch("\n".join(problems))
