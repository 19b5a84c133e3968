"""Sandbox: whether the commands of a session run in one, and what its children make of that."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class Sandbox(StrEnum):
    """Where the commands of a session run: shell, python and the commands of its gates.

    `require` runs them in a sandbox, or refuses them; `off` runs them with the rights of the user;
    `inherit` leaves it to the parent, and at the root to the setting. If nobody says anything, what a
    model can have a hand in requires a sandbox: its commands, and gates that run what it wrote. The
    command of any other gate is the user's own, and runs as such.
    """

    INHERIT = "inherit"
    REQUIRE = "require"
    OFF = "off"


# A member, or its name, which is taken for it.
SandboxName: TypeAlias = Sandbox | Literal["inherit", "require", "off"]


def settled(*own: SandboxName, above: Sandbox) -> Sandbox:
    """What holds for a session, from what its task and agent ask for and what holds above them.

    Anyone may require a sandbox. It is only off if somebody says so and nobody above requires one.
    """
    if Sandbox.REQUIRE in (*own, above):
        return Sandbox.REQUIRE
    return Sandbox.OFF if Sandbox.OFF in (*own, above) else Sandbox.INHERIT


def of_commands(settled: Sandbox) -> Sandbox:
    """REQUIRE or OFF, for the commands that a session's model chooses."""
    return Sandbox.OFF if settled is Sandbox.OFF else Sandbox.REQUIRE


def of_gates(settled: Sandbox, *, may_write: bool) -> Sandbox:
    """REQUIRE or OFF, for the commands of a session's gates.

    `may_write` says whether the session, or one that works for it, can put code where a gate runs it.
    """
    if settled is Sandbox.INHERIT and not may_write:
        return Sandbox.OFF
    return of_commands(settled)
