"""Sandbox: whether the commands of a session run in one, and what its children make of that."""

from __future__ import annotations

from enum import StrEnum


class Sandbox(StrEnum):
    """Where the commands of a session run: shell, python and the commands of its gates.

    `require` runs them in a sandbox, or refuses them; `off` runs them with the rights of the user;
    `inherit` leaves it to the parent, and at the root to the setting.
    """

    INHERIT = "inherit"
    REQUIRE = "require"
    OFF = "off"


def settled(*own: Sandbox, above: Sandbox) -> Sandbox:
    """REQUIRE or OFF, from what a session's task and agent ask for and what holds above them.

    Anyone may require a sandbox. It is only off if somebody says so and nobody above requires one;
    a setting that says nothing (`inherit`) means that there is one.
    """
    if Sandbox.REQUIRE in (*own, above):
        return Sandbox.REQUIRE
    return Sandbox.OFF if Sandbox.OFF in (*own, above) else Sandbox.REQUIRE
