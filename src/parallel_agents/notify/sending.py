"""Sending: one notification to a command, without a shell, or to a URL.

Neither may cost the work anything: each has a time limit, and a failure is reported, and tried
again where that can do no harm.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parallel_agents.containment.commands import Start, run_command
from parallel_agents.core.command import CommandEnd, Ending
from parallel_agents.core.cutting import tail
from parallel_agents.core.notification import Target, read_target
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput
from parallel_agents.notify.desktop import desktop_command
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.secrets.known import KNOWN
from parallel_agents.secrets.looking_up import known_as

COMMAND_SECONDS = 30.0
_MOST_TOLD = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends notifications from this process.

    Attributes:
        variables: those of the process.
        private_hosts: the hosts that may be notified although they are not of the internet.
        certificates: the authorities that are trusted; None for those of the system.
    """

    variables: Mapping[str, str]
    private_hosts: PrivateHosts
    certificates: Callable[[], ssl.SSLContext | None]

    async def send(self, to: str, letter: Letter) -> None:
        """Send a letter to a target.

        Raises:
            NotSent: it did not arrive, or nobody knows whether it did.
        """
        target = self._target(to)
        if target.address is None:
            called = (
                f"the command in {target.variable}" if target.variable else shown(target.command[0])
            )
            command = target.command
            if target.is_desktop:
                command = desktop_command(command[0], letter.facts)
            await self._run(command, letter, called)
            return
        from parallel_agents.notify.webhook import post  # noqa: PLC0415 - few processes send

        await post(target.address, letter, self.private_hosts, self.certificates)

    def _target(self, to: str) -> Target:
        """The command or the address, with the variable that it is from.

        What a variable has is a secret, and no error tells it.
        """
        try:
            target = read_target(to)
        except InvalidInput as error:
            raise NotSent(f"{error.message}: {error.why}") from None
        variable = target.variable
        if not variable:
            return target
        found = self.variables.get(variable, "")
        if not found:
            raise NotSent(f"the variable {variable} is not set in this process")
        try:
            target = read_target(known_as(found, variable))
        except InvalidInput:
            raise NotSent(f"what {variable} has is neither a command nor a URL to notify") from None
        if target.variable:
            raise NotSent(f"the variable {variable} names another variable")
        return target._replace(variable=variable)

    async def _run(self, command: tuple[str, ...], letter: Letter, called: str) -> None:
        try:
            start = Start(
                command,
                letter.document,
                environment={**self.variables, **letter.facts},
                hiding=KNOWN.stream,
            )
            end = await run_command(start, turn=asyncio.Lock(), timeout_seconds=COMMAND_SECONDS)
        except (OSError, ValueError) as error:
            why = (
                isinstance(error, OSError) and error.strerror
            ) or "it has what no command may have"
            raise NotSent(f"{called} cannot be started: {why}") from None
        if why := _failure(end):
            raise NotSent(f"{called} {why}")


def _failure(end: CommandEnd) -> str:
    """Why a command failed; empty if it did not."""
    if end.ending is Ending.TIMED_OUT:
        return f"was ended after {COMMAND_SECONDS:g} s"
    if end.ending is Ending.TOO_MUCH_OUTPUT:
        return "was ended, since it wrote too much"
    if end.code == 0:
        return ""
    said = tail(" ".join(end.output.split()), _MOST_TOLD)
    return f"exited with {end.code}" + (f": {said}" if said else "")
