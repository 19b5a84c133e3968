"""Service manager: systemd hears that a service is ready, alive and stopping, where it asks for that."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from parallel_agents.surfaces.cli import render

_SOCKET_VARIABLE = "NOTIFY_SOCKET"
_SEND_SECONDS = 1.0


class ServiceManager:
    """The socket of `Type=notify`; without one nothing is sent.

    Args:
        variables: the environment variables.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._address = variables.get(_SOCKET_VARIABLE, "")

    def ready(self) -> None:
        self._send("READY=1")

    def alive(self, status: str) -> None:
        """Reset the watchdog, and show a line in `systemctl status`."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.settimeout(_SEND_SECONDS)
                connection.sendto(message.encode(), address)
        except (OSError, AttributeError) as error:  # Windows has no such sockets
            render.note(f"{_SOCKET_VARIABLE} cannot be told anything: {error}")
            self._address = ""
