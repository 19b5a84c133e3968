"""`sessions_spawn`: start an agent on a task; the answer does not wait for it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from parallel_agents.core.agent import Agent, ThinkingLevel
from parallel_agents.core.limits import DAY_SECONDS, Limits
from parallel_agents.core.schema import InvalidSchema, Json, JsonObject, Schema
from parallel_agents.core.session import Cleanup, Mode, SessionOptions
from parallel_agents.core.store import Row
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import (
    ConfigError,
    ForkRefused,
    InvalidFile,
    SpawnBound,
    SpawnRefused,
    UnknownAgent,
)
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester

ALIASES = {
    "timeoutSeconds": "runTimeoutSeconds",
    "timeout": "runTimeoutSeconds",
    "agent": "agentId",
    "name": "taskName",
}

_MEGABYTE = 1_000_000
_NO_LIMIT_SECONDS = 30 * DAY_SECONDS
_AGENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TASK_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_RESERVED = ("last", "all")
_CHANNEL = ("target", "channel", "to", "threadId", "replyTo", "transport")
_VISIBLE = (
    "group",
    "projectId",
    "projectGitUrl",
    "worktree",
    "worktreeName",
    "worktreeBaseRef",
    "placement",
)


class _Runtime(StrEnum):
    AGENT = "subagent"
    ACP = "acp"


class _Sandbox(StrEnum):
    INHERIT = "inherit"
    REQUIRE = "require"


class _Context(StrEnum):
    ISOLATED = "isolated"
    FORK = "fork"


class _Target(StrEnum):
    PARENT = "parent"


async def spawn(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """Start a session with one run, or say why not."""
    _refuse_what_is_not_there(arguments)
    text = arguments.text("task")
    if not text:
        raise Refusal("task required")
    own = await backing.row_of(requester)
    agent = _agent(backing, own, arguments)
    context = arguments.choice("context", _Context, _Context.ISOLATED)
    options = _traits(arguments, requester)
    task = Task(
        _with_overrides(agent, arguments),
        text + _attachments(arguments.objects("attachments")),
        input=arguments.object("input") or {},
        model=arguments.text("model") or None,
        label=arguments.text("label", most=512) or options.task_name or None,
        key=f"{requester.run}/{requester.call}" if requester.call else None,
        limits=_limits(arguments),
        is_fork=context is _Context.FORK,
        options=options,
    )
    try:
        spawned = await backing.sessions.spawn(task, parent=requester.session)
    except SpawnRefused as error:
        raise Refusal(_describe(error), status="forbidden", hint=error.hint) from None
    except ForkRefused:
        raise Refusal(
            'context="fork" requested but the requester session transcript is not available',
            hint='leave agentId out, or use context="isolated" and put everything into the task',
        ) from None
    except ConfigError as error:
        words = " ".join(filter(None, (f"{error.message}.", error.why, error.hint)))
        raise Refusal(f'sessions_spawn model "{task.model or ""}" is not usable: {words}') from None
    child = await backing.sessions.find(spawned.session_key)
    note = _note(child.session.options, is_run=requester.caller is not None)
    return _accepted(spawned, child, arguments, context, note)


def _describe(error: SpawnRefused) -> str:
    """The refusal in OpenClaw's words."""
    if error.limit is None:
        return error.message
    bound, current, maximum = error.limit
    match bound:
        case SpawnBound.DEPTH:
            return (
                "sessions_spawn is not allowed at this depth "
                f"(current depth: {current}, max: {maximum})"
            )
        case SpawnBound.CHILDREN:
            return (
                "sessions_spawn has reached max active children for this session "
                f"({current}/{maximum}; max_children)."
            )
        case SpawnBound.TOTAL:
            return (
                "sessions_spawn has reached max sessions for this session tree "
                f"({current}/{maximum}; max_tree_sessions)."
            )


def _refuse_what_is_not_there(arguments: Arguments) -> None:
    for name in _CHANNEL:
        if name in arguments:
            raise Refusal(
                f'sessions_spawn does not support "{name}"; remove channel-delivery parameters.'
            )
    if arguments.choice("runtime", _Runtime, _Runtime.AGENT) is _Runtime.ACP:
        raise Refusal(
            'runtime="acp" is unavailable because no ACP runtime backend is loaded. '
            'Use runtime="subagent".'
        )
    if arguments.flag("thread"):
        raise Refusal(
            "thread=true is unavailable because no channel plugin is here. "
            'Use mode="session" without it: sessions here need no thread.'
        )
    if arguments.choice("sandbox", _Sandbox, _Sandbox.INHERIT) is _Sandbox.REQUIRE:
        raise Refusal(
            'sessions_spawn sandbox="require" needs a sandboxed target runtime. '
            'There is none here; use sandbox="inherit".',
            status="forbidden",
        )
    _refuse_a_dashboard(arguments)


def _refuse_a_dashboard(arguments: Arguments) -> None:
    if arguments.flag("visible"):
        raise Refusal(
            'visible=true is unavailable because no dashboard is here. Use mode="session": '
            "every session is shown by sessions_list and `pagents list`."
        )
    if given := [name for name in _VISIBLE if name in arguments]:
        raise Refusal(f"Parameters require visible=true: {', '.join(given)}")


def _agent(backing: Backing, own: Row | None, arguments: Arguments) -> Agent:
    """Who is spawned, where the requester may spawn it."""
    asked = arguments.text("agentId")
    name = asked or (own.session.agent.name if own else backing.default_agent)
    if not _AGENT_ID.fullmatch(name):
        raise Refusal(f'Invalid agentId "{name[:80]}".', role=name[:80])
    if own is not None and not own.session.agent.policy.allows(name):
        allowed = ", ".join(own.session.agent.policy.spawns) or "none"
        raise Refusal(
            f"agentId is not allowed for sessions_spawn (allowed: {allowed})",
            status="forbidden",
            role=name,
        )
    if own is not None and not asked:
        return own.session.agent
    try:
        return backing.directory.agent(name)
    except UnknownAgent as error:
        raise Refusal(f'Agent "{name}" not found. {error.hint}', role=name) from None
    except InvalidFile as error:
        raise Refusal(f"{error.message}. {error.hint}", role=name) from None


def _with_overrides(agent: Agent, arguments: Arguments) -> Agent:
    """The agent as this task wants it; an agent that is told in words needs no input by name."""
    level = arguments.text("thinking")
    if level and level not in list(ThinkingLevel):
        listed = ", ".join(ThinkingLevel)
        raise Refusal(f'Invalid thinking level "{level[:80]}". Use one of: {listed}.')
    schema = arguments.object("outputSchema")
    if schema is not None:
        try:
            Schema(schema)
        except InvalidSchema as error:
            raise Refusal(f"outputSchema is no JSON Schema: {error}") from None
    return replace(
        agent,
        input_schema=agent.input_schema if "input" in arguments else None,
        output_schema=schema or agent.output_schema,
        thinking=ThinkingLevel(level) if level else agent.thinking,
    )


def _traits(arguments: Arguments, requester: Requester) -> SessionOptions:
    task_name = arguments.text("taskName")
    if task_name and not _TASK_NAME.fullmatch(task_name):
        raise Refusal(
            f'Invalid taskName "{task_name[:80]}". Use 1-64 chars matching [a-z][a-z0-9_-]*.'
        )
    if task_name in _RESERVED:
        raise Refusal("Reserved subagent targets cannot be used as taskName values.")
    collects = arguments.flag("collect")
    if "groupId" in arguments and not collects:
        raise Refusal("groupId requires collect=true")
    arguments.choice("completionTarget", _Target, _Target.PARENT)
    return SessionOptions(
        mode=arguments.choice("mode", Mode, Mode.RUN),
        cleanup=arguments.choice("cleanup", Cleanup, Cleanup.KEEP),
        task_name=task_name,
        cwd=arguments.text("cwd") or requester.cwd,
        group=arguments.text("groupId"),
        is_quiet=collects or not arguments.flag("expectsCompletionMessage", default=True),
    )


def _limits(arguments: Arguments) -> Limits:
    """The run's time; 0 is none, and where nothing is said the agent and the settings say."""
    seconds = arguments.whole("runTimeoutSeconds", most=int(_NO_LIMIT_SECONDS))
    if seconds is None:
        return Limits()
    return Limits(timeout_seconds=float(seconds) or _NO_LIMIT_SECONDS)


def _attachments(given: Sequence[JsonObject]) -> str:
    """The attachments as text under the task: what a model reads is text."""
    if len(given) > 50:
        raise Refusal(f"{len(given)} attachments; at most 50 are taken")
    parts: list[str] = []
    total = 0
    for attached in given:
        name, content = attached.get("name"), _content(attached)
        if not isinstance(name, str) or not name.strip():
            raise Refusal("an attachment needs a name")
        size = len(content.encode())
        total += size
        if size > _MEGABYTE or total > 5 * _MEGABYTE:
            raise Refusal(f'attachment "{name}" is too large: 1 MB each, 5 MB in all')
        parts.append(f"\n\nAttachment {name}:\n```\n{content}\n```")
    return "".join(parts)


def _content(attached: JsonObject) -> str:
    name, content = attached.get("name"), attached.get("content")
    if not isinstance(content, str):
        raise Refusal(f'attachment "{name}" has no content')
    match attached.get("encoding", "utf8"):
        case "utf8" | "utf-8":
            return content
        case "base64":
            try:
                return base64.b64decode(content, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise Refusal(
                    f'attachment "{name}" is no text; only text can be attached here'
                ) from None
        case encoding:
            raise Refusal(f'attachment "{name}": encoding must be utf8 or base64, not {encoding!r}')


def _accepted(
    spawned: Spawned, child: Row, arguments: Arguments, context: _Context, note: str
) -> JsonObject:
    session, run = child.session, child.run
    provider, _, model = run.model.partition("/")
    answer: dict[str, Json] = {
        "status": "accepted",
        "childSessionKey": spawned.session_key,
        "runId": spawned.run_id,
        "mode": session.options.mode.value,
        "note": note,
        "modelApplied": True,
        "expectsCompletionMessage": not session.options.is_quiet,
        "context": context.value,
        "resolvedModel": model,
        "resolvedProvider": provider,
    }
    if session.options.task_name:
        answer["taskName"] = session.options.task_name
    if arguments.flag("collect"):
        answer["sessionKey"] = spawned.session_key
    return answer


def _note(options: SessionOptions, *, is_run: bool) -> str:
    if options.mode is Mode.SESSION:
        return "Goes on taking messages: sessions_send."
    if options.group or options.is_quiet:
        return "Quiet: its result is yours only when you ask, by agents_wait or sessions_history."
    if not is_run:
        return "Runs in parallel. agents_wait waits for it and for others, and gives the results."
    return "Runs in parallel. sessions_yield waits for all that you spawned, and gives the results."
