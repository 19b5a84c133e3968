"""Call commands: the commands that the tool of one call runs, within the call's time."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.command import CommandEnd
from parallel_agents.core.sandbox import of_commands
from parallel_agents.core.session import Session
from parallel_agents.core.session_command import session_command
from parallel_agents.core.tool import RunCommand
from parallel_agents.runners.agent.call_in_flight import CallInFlight
from parallel_agents.runners.agent.tooling import Tooling

# A command ends before its call does, so that the model is told what it wrote.
_SHARE_OF_TIME = 0.95


def runner_of(tooling: Tooling, session: Session, call: CallInFlight) -> RunCommand | None:
    """Runs the commands of a call of a session; None if this process runs none."""
    commands = tooling.commands
    if commands is None:
        return None

    async def run(
        arguments: Sequence[str], *, timeout_seconds: float, stdin: bytes = b""
    ) -> CommandEnd:
        seconds = min(timeout_seconds, call.seconds_left * _SHARE_OF_TIME)
        end = await commands.run(
            session_command(
                session,
                tooling.permissions,
                arguments,
                sandbox=of_commands(session.options.sandbox),
                timeout_seconds=seconds,
                stdin=stdin,
                meter=call.output,
            )
        )
        call.note_command(end)
        return end

    return run
