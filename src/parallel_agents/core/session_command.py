"""Session command: a command as the session runs it that asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.command import Command
from parallel_agents.core.command_limits import OutputMeter
from parallel_agents.core.permission import Permissions, hidden_by
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.session import Session

_READS = "read_file"


def session_command(
    session: Session,
    rules: Permissions,
    arguments: Sequence[str],
    *,
    sandbox: Sandbox,
    timeout_seconds: float,
    stdin: bytes = b"",
    meter: OutputMeter | None = None,
) -> Command:
    """A command in the session's folder, without the files that the session may not read.

    Args:
        session: the session.
        rules: the permissions of the process, above those of the session.
        arguments: the program and its arguments.
        sandbox: where it runs.
        timeout_seconds: how long it may take.
        stdin: what it reads.
        meter: counts what it writes; None if that does not count.
    """
    return Command(
        arguments=tuple(arguments),
        folder=session.options.cwd,
        sandbox=sandbox,
        timeout_seconds=timeout_seconds,
        stdin=stdin,
        is_own_folder=session.options.workspace is not None,
        hides=hidden_by((rules, *session.options.permissions), _READS),
        profile=session.agent.profile,
        session=session.key,
        limits=session.options.limits.of_commands,
        meter=meter,
    )
