"""Distant options: what a command takes on this machine, and a gateway does not."""

from __future__ import annotations

from parallel_agents.errors import NotAtDistance


def refuse_at_distance(**given: object) -> None:
    """Refuse options that a gateway does not take, by the names of their parameters.

    Raises:
        NotAtDistance: one is given.
    """
    for name, value in given.items():
        if value is not None and value is not False:
            raise NotAtDistance(
                f"--{name.replace('_', '-')} is not possible over --url",
                why="a gateway takes no commands and no folders, and its home says how they run",
                hint="leave it out, or set it in config.toml of the gateway's home",
            )
