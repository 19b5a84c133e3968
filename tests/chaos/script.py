"""Script: what the model of a round says, by the conversation alone.

A call that is made twice is therefore answered alike, and whoever executes a run, in whatever process
and after whatever crash, is asked for the same acts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from parallel_agents.core.message import ToolCall
from tests.chaos.plan import Act, Join, KillChild, Plan, Say, Spawn, Steer, Until, Use

Reply: TypeAlias = str | list[ToolCall]

TASK = re.compile(r"\A(?:\[Message from [^\n]*\n)?(?:Do|Say) \[\[(\w+)\]\]")
_ANYWHERE = re.compile(r"\[\[(\w+)\]\]")
_ANSWERED = re.compile(r"<(\w+)>")
_PAID = re.compile(r"paid (\S+?)\.?(?=[\s\"\\,}]|\Z)")
CALL_NUMBER = re.compile(r"\An(\d+)\.")
ANSWER_NUMBER = re.compile(r"#(\d+)\b")
CRITIQUE = "REVISE IT"
LAST_CALL = "Your budget is used up."


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a conversation: who wrote it, and all that it says."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read.

    Attributes:
        token: whose task it is.
        turn: how many replies the attempt has had.
        heard: the tokens of others' answers in the conversation.
        paid: the effects that the model was told of.
    """

    token: str
    turn: int
    heard: frozenset[str]
    paid: frozenset[str]
    is_revised: bool
    is_last: bool
    is_strong: bool


def task_text(token: str) -> str:
    """The task of a job; the token is what the runtime must not mix up."""
    return f"Do [[{token}]] as it is planned."


def message_text(token: str) -> str:
    return f"Say [[{token}]] back to me."


def token_of(text: str) -> str:
    """The token that the answer to a task or a message must hold."""
    found = TASK.search(text) or _ANYWHERE.search(text)
    return found.group(1) if found else ""


def read(lines: Sequence[Line], *, is_strong: bool) -> Asked:
    """Understand a request as the model of a round does."""
    token, start = "", 0
    for place, line in enumerate(lines):
        if line.role == "user" and (found := TASK.search(line.text)):
            token, start = found.group(1), place
    if not token:
        token = next((token_of(line.text) for line in lines if token_of(line.text)), "")
    others = [line.text for line in lines if line.role != "assistant"]
    everything = "\n".join(others)
    return Asked(
        token=token,
        turn=sum(line.role == "assistant" for line in lines[start:]),
        heard=frozenset(_ANSWERED.findall(everything)) - {token},
        paid=frozenset(_PAID.findall(everything)),
        is_revised=CRITIQUE in everything,
        is_last=LAST_CALL in everything,
        is_strong=is_strong,
    )


def reply(plan: Plan, asked: Asked, number: int) -> Reply:
    """What the model says to its request number `number`, which the reply holds."""
    jobs = {job.token: job for job in plan.jobs}
    job = jobs.get(asked.token)
    if job is not None and not asked.is_last and asked.turn < len(job.turns):
        acts = job.turns[asked.turn]
        return [_call(act, f"n{number}.{n}") for n, act in enumerate(acts)]
    words = [f"<{asked.token}>", *sorted(asked.heard)]
    words += ["revised"] if asked.is_revised else []
    words += ["strong"] if asked.is_strong else []
    return f"{' '.join(words)} #{number}"


def _call(act: Act, call_id: str) -> ToolCall:
    match act:
        case Use():
            return ToolCall(call_id, act.tool, {"ref": act.ref})
        case Spawn():
            task = task_text(act.child)
            arguments = {"task": task, "agentId": agent_of(act.child), "label": act.child}
            return ToolCall(call_id, "sessions_spawn", arguments)
        case Join(children=()):
            return ToolCall(call_id, "sessions_yield", {})
        case Join(by_subagents=True):
            target = {"action": "wait", "taskIds": list(act.children), "timeoutSeconds": 60}
            return ToolCall(call_id, "subagents", target)
        case Join():
            waited = {"ids": list(act.children), "until": Until(act.until), "timeoutSeconds": 60}
            return ToolCall(call_id, "agents_wait", waited)
        case Say():
            said = {"message": message_text(act.token), "timeoutSeconds": act.seconds}
            return ToolCall(call_id, "sessions_send", {"sessionKey": act.to, **said})
        case Steer():
            word = {"action": "steer", "target": act.child, "message": "Mind the note."}
            return ToolCall(call_id, "subagents", word)
        case KillChild():
            return ToolCall(call_id, "subagents", {"action": "kill", "target": act.child})


def agent_of(token: str) -> str:
    """The agent that does a job has its token as its name."""
    return token.lower()
