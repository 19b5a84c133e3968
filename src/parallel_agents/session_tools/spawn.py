"""`sessions_spawn`: start an agent on a task; the answer does not wait for it."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import CannotSee, ConfigError, ForkRefused, InvalidInput, SpawnRefused
from parallel_agents.errors.caller import SpawnBound
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call, Requester
from parallel_agents.session_tools.rows import label_of
from parallel_agents.session_tools.spawn_request import (
    Attachments,
    read_attachments,
    read_task,
    refuse_unsupported,
)
from parallel_agents.session_tools.wording import for_models


async def spawn(call: Call, arguments: Arguments) -> JsonObject:
    """Start a session with one run, or answer why it cannot be started."""
    refuse_unsupported(arguments)
    attachments = read_attachments(arguments)
    task = read_task(arguments, call, await call.find_requester())
    try:
        own = call.requester
        task = await _attached(call, task, attachments)
        spawned = await call.sessions.spawn(task, parent=own.session, again=own.again)
    except SpawnRefused as error:
        raise Refusal(_describe(error), status="forbidden", hint=error.hint) from None
    except ForkRefused:
        raise Refusal(
            'context="fork" requested but the requester session transcript is not available',
            hint='leave agentId out, or use context="isolated" and put everything into the task',
        ) from None
    except CannotSee as error:
        raise Refusal(f"{error.message}. {error.hint}") from None
    except ConfigError as error:
        text = for_models(error.in_a_sentence)
        raise Refusal(f'sessions_spawn model "{task.model or ""}" is not usable: {text}') from None
    (child,) = await call.sessions.list(Filter(run=spawned.run_id))
    note = _note(child.session.options, own)
    if task.label and child.session.label != task.label:
        note = f"The label {task.label} was taken: this one is {child.session.label}. {note}"
    notes = call.settings.notes
    told = "" if notes is None else notes.of(child.session.agent, task.model, child.run.model)
    note = f"{told} {note}" if told else note
    return _accepted(spawned, child, arguments, is_fork=task.is_fork, note=note)


async def _attached(call: Call, task: Task, attachments: Attachments) -> Task:
    """The task with what is attached to it.

    Raises:
        Refusal: no model takes one of the files.
    """
    try:
        files = [await call.sessions.attach(content, name) for name, content in attachments.files]
    except InvalidInput as error:
        raise Refusal(error.in_a_sentence) from None
    return replace(task, text=task.text + attachments.text, files=tuple(files))


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


def _accepted(
    spawned: Spawned, child: Row, arguments: Arguments, *, is_fork: bool, note: str
) -> JsonObject:
    session, run = child.session, child.run
    provider, _, model = run.model.partition("/")
    answer: dict[str, Json] = {
        "status": "accepted",
        "childSessionKey": spawned.session_key,
        "runId": spawned.run_id,
        **label_of(session),
        "mode": session.options.mode.value,
        "note": note,
        "modelApplied": True,
        "expectsCompletionMessage": not session.options.is_quiet,
        "context": "fork" if is_fork else "isolated",
        "resolvedModel": model,
        "resolvedProvider": provider,
    }
    if session.options.task_name:
        answer["taskName"] = session.options.task_name
    if arguments.flag("collect"):
        answer["sessionKey"] = spawned.session_key
    return answer


def _note(options: SessionOptions, requester: Requester) -> str:
    if options.mode is Mode.SESSION:
        return "The session keeps taking messages: sessions_send."
    if options.group or options.is_quiet:
        return "Quiet: you get its result only when you ask, by agents_wait or sessions_history."
    if requester.caller is None:
        return f"Runs in parallel. {requester.face.to_wait}"
    return "Runs in parallel. sessions_yield waits for everything you spawned, and returns the results."
