"""Listening: a bound socket, and whether anybody but this machine reaches it."""

from __future__ import annotations

import ipaddress
import socket

from parallel_agents.errors import ConfigError


def listen(host: str, port: int, option: str) -> socket.socket:
    """A bound socket; port 0 is any free port.

    Args:
        host: the address.
        port: the port.
        option: the option that chooses another port, for the hint.

    Raises:
        ConfigError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{host}:{port} cannot be bound",
            why=getattr(error, "strerror", None) or str(error),
            hint=f"choose another {option} PORT; 0 is any free port",
        ) from error


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_of(bound: socket.socket) -> str:
    """The address of a bound socket, as browsers write it."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
