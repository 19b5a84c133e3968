"""Spawn request: the arguments of `sessions_spawn` as a task, or a refusal in the contract's words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from parallel_agents.core.agent import Agent, ThinkingLevel
from parallel_agents.core.attachment import is_attachable
from parallel_agents.core.cutting import head
from parallel_agents.core.limits import DAY_SECONDS, Limits
from parallel_agents.core.row import Row
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import InvalidSchema, JsonObject, Schema
from parallel_agents.core.session import Cleanup, Mode, SessionOptions
from parallel_agents.core.spelling import meant
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidFile, InvalidInput, UnknownAgent
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call, Requester
from parallel_agents.session_tools.wording import for_models
from parallel_agents.sessions.places import folder_from

_MEGABYTE = 1_000_000
_MAX_ATTACHMENTS = 50
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
    """What an agent may ask for: more than what holds for itself, and never less."""

    INHERIT = "inherit"
    REQUIRE = "require"


class _Context(StrEnum):
    ISOLATED = "isolated"
    FORK = "fork"


class _CompletionTarget(StrEnum):
    PARENT = "parent"


def read_task(arguments: Arguments, call: Call, own: Row | None) -> Task:
    """The task that a call asks for; `own` is the requester's session.

    Raises:
        Refusal: an argument is wrong, or the requester is not allowed to spawn the agent.
    """
    text = arguments.text("task")
    if not text:
        raise Refusal("task required")
    agent = _agent(arguments, call, own)
    requester = call.requester
    options = _options(arguments, requester, own)
    return Task(
        _with_overrides(agent, arguments),
        text,
        input=arguments.object("input") or {},
        model=arguments.text("model") or None,
        label=arguments.name("label", most=512) or options.task_name or None,
        key=requester.key or None,
        limits=_limits(arguments),
        sandbox=Sandbox(arguments.choice("sandbox", _Sandbox, _Sandbox.INHERIT)),
        is_fork=arguments.choice("context", _Context, _Context.ISOLATED) is _Context.FORK,
        options=options,
    )


def refuse_unsupported(arguments: Arguments) -> None:
    """Refuse the contract's parameters that have no counterpart here.

    Raises:
        Refusal: with the parameter, and what to use instead.
    """
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
            "thread=true is unavailable because no channel plugin is loaded. "
            'Use mode="session" without it: sessions here need no thread.'
        )
    if arguments.flag("visible"):
        raise Refusal(
            "visible=true is unavailable because there is no dashboard. "
            'Use mode="session": sessions_list and `pagents list` show every session.'
        )
    if unsupported := [name for name in _VISIBLE if name in arguments]:
        raise Refusal(f"Parameters require visible=true: {', '.join(unsupported)}")


def _agent(arguments: Arguments, call: Call, own: Row | None) -> Agent:
    """The agent to spawn: the one that is named, or else the requester's own or the default."""
    asked = arguments.name("agentId")
    name = asked or (own.session.agent.name if own else call.settings.default_agent)
    if not _AGENT_ID.fullmatch(name):
        hint = meant(name, [each.name for each in call.directory.agents()], "")
        raise Refusal(f'Invalid agentId "{head(name, 80)}". {hint}'.rstrip(), role=name[:80])
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
        return call.directory.agent(name)
    except UnknownAgent as error:
        raise Refusal(f'Agent "{name}" not found. {for_models(error.hint)}', role=name) from None
    except InvalidFile as error:
        raise Refusal(f"{error.message}. {error.hint}", role=name) from None


def _with_overrides(agent: Agent, arguments: Arguments) -> Agent:
    """The agent as this task changes it; without `input` the task's text replaces named values."""
    level = arguments.text("thinking").lower()
    if level and level not in list(ThinkingLevel):
        listed = ", ".join(ThinkingLevel)
        raise Refusal(f'Invalid thinking level "{head(level, 80)}". Use one of: {listed}.')
    schema = arguments.object("outputSchema")
    if schema is not None:
        try:
            Schema(schema)
        except InvalidSchema as error:
            raise Refusal(f"outputSchema is not a JSON Schema: {error}") from None
    return replace(
        agent,
        input_schema=agent.input_schema if "input" in arguments else None,
        output_schema=schema or agent.output_schema,
        examples=() if schema else agent.examples,
        thinking=ThinkingLevel(level) if level else agent.thinking,
    )


def _options(arguments: Arguments, requester: Requester, own: Row | None) -> SessionOptions:
    task_name = arguments.name("taskName")
    if task_name and not _TASK_NAME.fullmatch(task_name):
        raise Refusal(
            f'Invalid taskName "{head(task_name, 80)}". Use 1-64 chars matching [a-z][a-z0-9_-]*.'
        )
    if task_name in _RESERVED:
        raise Refusal("Reserved subagent targets cannot be used as taskName values.")
    collects = arguments.flag("collect")
    if "groupId" in arguments and not collects:
        raise Refusal("groupId requires collect=true")
    arguments.choice("completionTarget", _CompletionTarget, _CompletionTarget.PARENT)
    # Its children get copies of the workspace, and do not work in it.
    has_workspace = own is not None and own.session.options.workspace is not None
    return SessionOptions(
        mode=arguments.choice("mode", Mode, Mode.RUN),
        cleanup=arguments.choice("cleanup", Cleanup, Cleanup.KEEP),
        task_name=task_name,
        cwd=_folder(arguments, requester) or ("" if has_workspace else requester.cwd),
        group=arguments.name("groupId"),
        client=requester.client if own is None else "",
        is_quiet=collects or not arguments.flag("expectsCompletionMessage", default=True),
    )


def _folder(arguments: Arguments, requester: Requester) -> str:
    """The folder that is named: it must be there, since a run without it would wait for ever."""
    asked = arguments.text("cwd")
    try:
        return folder_from(requester.cwd, asked) if asked else ""
    except InvalidInput as error:
        raise Refusal(f"cwd: {error.in_a_sentence}") from None


def _limits(arguments: Arguments) -> Limits:
    """The run's time limit; 0 lifts it, and without a value the agent and the settings decide."""
    seconds = arguments.whole("runTimeoutSeconds", most=int(_NO_LIMIT_SECONDS))
    if seconds is None:
        return Limits()
    return Limits(timeout_seconds=float(seconds) or _NO_LIMIT_SECONDS)


class Attachments(NamedTuple):
    """What is attached: texts, to follow the task, and the contents of images and PDFs by name."""

    text: str = ""
    files: Sequence[tuple[str, bytes]] = ()


def read_attachments(arguments: Arguments) -> Attachments:
    """The attachments of a call.

    Raises:
        Refusal: one has no name or no content, or they are too large or too many.
    """
    attachments = arguments.objects("attachments")
    if len(attachments) > _MAX_ATTACHMENTS:
        raise Refusal(f"{len(attachments)} attachments; at most {_MAX_ATTACHMENTS} are allowed")
    texts: list[str] = []
    files: list[tuple[str, bytes]] = []
    total = 0
    for attachment in attachments:
        name, content = attachment.get("name"), _content(attachment)
        if not isinstance(name, str) or not name.strip():
            raise Refusal("an attachment needs a name")
        total += len(content)
        is_file = is_attachable(content)
        if total > 5 * _MEGABYTE or (len(content) > _MEGABYTE and not is_file):
            raise Refusal(f'attachment "{name}" is too large: 1 MB each, 5 MB in all')
        if is_file:
            files.append((name, content))
        else:
            texts.append(f"\n\nAttachment {name}:\n```\n{_text(name, content)}\n```")
    return Attachments("".join(texts), files)


def _content(attachment: JsonObject) -> bytes:
    name, content = attachment.get("name"), attachment.get("content")
    if not isinstance(content, str):
        raise Refusal(f'attachment "{name}" has no content')
    match attachment.get("encoding", "utf8"):
        case "utf8" | "utf-8":
            return content.encode("utf-8", "replace")
        case "base64":
            try:
                return base64.b64decode(content, validate=True)
            except binascii.Error:
                raise Refusal(f'attachment "{name}" is not base64') from None
        case encoding:
            raise Refusal(f'attachment "{name}": encoding must be utf8 or base64, not {encoding!r}')


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refusal(
            f'attachment "{name}" is neither text nor an image (PNG, JPEG, GIF, WEBP) nor a PDF'
        ) from None
