"""Verbs: what can be done with sessions at a distance; see `core.verbs.Sessions` for what each verb promises.

The gateway takes names, texts and numbers. What else a task can have is refused here, before anything
is sent: code, commands, folders of this machine, and definitions of agents.
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from time import monotonic
from typing import Never
from urllib.parse import quote

from parallel_agents.core.event import SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.gate import ConditionGate, JudgeGate, Refine
from parallel_agents.core.ids import RunId, SessionKey, make_long_name
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import File
from parallel_agents.core.notification import Notify
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Killed
from parallel_agents.core.task import AnyTask, Task, TeamTask
from parallel_agents.core.verbs import Spawned, Steer, Until
from parallel_agents.errors import NotFound
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.reads import RemoteReads, in_parts
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.gateway_client.wire import (
    KILLED,
    MOST_NAMES,
    SCHEMA,
    SPAWNED,
    STEERED,
    WAIT,
    WAIT_SECONDS,
    Asked,
)

_log = logging.getLogger(__name__)
_TAKEN = frozenset(
    {
        *("agent", "text", "input", "model", "label", "key", "limits", "priority"),
        *("cache_seconds", "budget", "gates", "refine", "tags"),
    }
)


class RemoteSessions(RemoteReads):
    """See `core.verbs.Sessions`; what cannot be done at a distance is refused."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._exchange = exchange

    async def spawn(
        self, task: AnyTask, *, parent: SessionKey | None = None, again: str = ""
    ) -> Spawned:
        """Make a session and its first run, which a worker at the gateway executes.

        Raises:
            NotAtDistance: the task has what a gateway does not take.
        """
        if again:
            raise not_at_distance("spawning again what a child of another run did")
        body = _spawn_body(task)
        if parent is not None:
            body["parent"] = parent
        return await self._started("/runs", body)

    async def input_schema(self, agent: str) -> JsonObject:
        """The schema of what an agent of the gateway's catalog takes.

        Raises:
            UnknownAgent: it has no such agent.
        """
        answer = await self._exchange.request("GET", f"/agents/{_quoted(agent)}")
        return self._exchange.read_value(SCHEMA, answer.get("input_schema"))

    async def spawn_team(
        self, team: TeamTask, *, key: str | None = None, tags: Sequence[str] = ()
    ) -> Never:
        """Refused: a gateway runs the teams of its own catalog alone."""
        del team, key, tags
        raise not_at_distance("running a team of tasks")

    async def spawn_flow(
        self,
        flow: FlowTask,
        *,
        key: str | None = None,
        parent: SessionKey | None = None,
        tags: Sequence[str] = (),
    ) -> Never:
        """Refused: the function of a flow is here, and a gateway takes no code."""
        del flow, key, parent, tags
        raise not_at_distance("running a flow", "run it on the machine that has its function")

    async def send(  # noqa: PLR0913 - what a message can have, each by its name
        self,
        name: str,
        text: str,
        *,
        input: JsonObject | None = None,
        sender: SessionKey | None = None,
        files: Sequence[File] = (),
        notify: Notify | None = None,
        run: RunId | None = None,
        model: str | None = None,
    ) -> Spawned:
        """Start the next run of a session.

        Raises:
            NotAtDistance: the message has what a gateway does not take.
        """
        for what, given in {
            "a message with files": files,
            "a message of a session": sender,
            "a target of notifications": notify,
            "choosing the id of a run": run,
        }.items():
            if given:
                raise not_at_distance(what)
        body: dict[str, object] = {"text": text, "input": {**(input or {})}, "model": model}
        return await self._started(f"/runs/{_quoted(name)}/messages", body)

    async def _started(self, path: str, body: Mapping[str, object]) -> Spawned:
        key = "" if body.get("key") else make_long_name()
        answer = await self._exchange.request("POST", path, body=body, key=key)
        form = self._exchange.read_value(SPAWNED, answer)
        if form.warning:
            _log.warning("%s", form.warning)
        return Spawned(form.session_key, form.run_id, form.is_new, form.kept)

    async def attach(self, content: bytes, name: str) -> Never:
        """Refused: a gateway takes no files."""
        del content, name
        raise not_at_distance("giving a file to a task")

    async def steer(
        self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT, key: str | None = None
    ) -> Steer:
        """Send a message to a live run, once, even if the connection breaks."""
        if mode is SteerMode.AFTER:
            sent = await self.send(name, text)
            return Steer(sent.run_id, "")
        answer = await self._exchange.request(
            "POST",
            f"/runs/{_quoted(name)}/steer",
            body={"text": text, "mode": mode.value},
            key=key or make_long_name(),
        )
        form = self._exchange.read_value(STEERED, answer)
        return Steer(form.run_id, form.key)

    async def answer(self, question: str, answer: Answer, *, via: str = "") -> OpenQuestion:
        """Answer the question with this id; the gateway says who answers, and not `via`."""
        del via
        waiting = {each.id: each for each in await self.questions()}
        found = waiting.get(question)
        body: dict[str, object] = {"answer": answer.text or "allow"}
        if found is not None and found.question.is_approval:
            note = {} if answer.allow else {"note": answer.text}
            body = {"answer": "allow" if answer.allow else "deny", **note}
        if answer.for_run:
            body["for_run"] = True
        if answer.arguments is not None:
            body["arguments"] = {**answer.arguments}
        await self._exchange.request("POST", f"/questions/{_quoted(question)}/answer", body=body)
        if found is None:  # it was asked and answered in between
            raise NotFound(f"the question {question[:40]!r} waits no longer")
        return found

    async def kill(
        self, name: str, *, dry_run: bool = False, keeps_session: bool = False
    ) -> Killed:
        """End a session's live run and everything that it spawned."""
        body = {"dry_run": dry_run, "keeps_session": keeps_session}
        answer = await self._exchange.request("POST", f"/runs/{_quoted(name)}/kill", body=body)
        form = self._exchange.read_value(KILLED, answer)
        rows = await self.rows_of(form.runs)
        return Killed([row.run for row in rows], form.already_over)

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> builtins.list[Result]:
        """Wait for runs as `until` says, by one request after another.

        Raises:
            TimeoutError: after `timeout` seconds; the runs continue.
        """
        if until is Until.NOW:
            return await self.results(runs)
        if len(runs) > MOST_NAMES and until is not Until.ALL:
            raise not_at_distance(f"waiting for one of more than {MOST_NAMES} runs")
        deadline = None if timeout is None else monotonic() + timeout
        found: builtins.list[Result] = []
        for part in in_parts(runs, MOST_NAMES):
            found += await self._wait(part, until, deadline)
        return found

    async def _wait(
        self, runs: tuple[str, ...], until: Until, deadline: float | None
    ) -> builtins.list[Result]:
        while True:
            left = WAIT_SECONDS if deadline is None else max(0.0, deadline - monotonic())
            asked = Asked(look=WAIT.name, names=runs, until=until, seconds=min(left, WAIT_SECONDS))
            found = await self._exchange.look(WAIT, asked)
            if found is not None:
                return found
            if deadline is not None and monotonic() >= deadline:
                raise TimeoutError

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Hear nothing: no run is executed by this process, and the text of others is not sent."""
        del run, on_text
        return lambda: None


def _quoted(name: str) -> str:
    return quote(name, safe=":")


def _spawn_body(task: AnyTask) -> dict[str, object]:
    """The task as the gateway takes it.

    Raises:
        NotAtDistance: it has something else.
    """
    if not isinstance(task.agent, str):
        raise not_at_distance(
            "spawning an agent that is defined here", "name an agent of the gateway's catalog"
        )
    plain = Task(task.agent, task.text)
    for each in fields(Task):
        if each.name not in _TAKEN and getattr(task, each.name) != getattr(plain, each.name):
            raise not_at_distance(f"a task with {each.name!r}", "leave it out")
    if any(isinstance(value, File) for value in task.input.values()):
        raise not_at_distance("giving a file to a task")
    if task.limits != replace(Limits(), timeout_seconds=task.limits.timeout_seconds):
        raise not_at_distance("a task with limits other than its time limit")
    body: dict[str, object] = {
        "agent": task.agent,
        "text": task.text,
        "input": {**task.values},
        "model": task.model,
        "label": task.label,
        "key": task.key,
        "timeout_seconds": task.limits.timeout_seconds,
        "priority": task.priority,
        "cache_seconds": task.cache_seconds,
        "tags": [*task.tags],
        **_gates(task),
    }
    if task.budget.is_bound:
        body |= {
            "budget_usd": task.budget.usd,
            "budget_tokens": task.budget.tokens,
            "on_limit": None if task.budget.on_limit is None else task.budget.on_limit.value,
        }
    return {name: value for name, value in body.items() if value is not None}


def _gates(task: AnyTask) -> dict[str, object]:
    conditions = [gate.condition for gate in task.gates if isinstance(gate, ConditionGate)]
    judges = [gate for gate in task.gates if isinstance(gate, JudgeGate)]
    if len(conditions) + len(judges) < len(task.gates) or len(judges) > 1:
        raise not_at_distance("a gate that is a command, a function or a second judge")
    found: dict[str, object] = {"conditions": conditions}
    for judge in judges:
        if judge != JudgeGate(rubric=judge.rubric):
            raise not_at_distance("a judge with more than its rubric")
        found["rubric"] = judge.rubric
    if task.refine is not None:
        if task.refine != Refine(rounds=task.refine.rounds):
            raise not_at_distance("a refinement with more than its rounds")
        found["rounds"] = task.refine.rounds
    return found
