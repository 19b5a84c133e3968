"""Bounding: holds the commands of a session together to its limits of memory and processes.

In cgroups all commands of a session share one, so that they share its limits. Without them only the
limits of each process hold, as far as the kernel has some, and the notices say so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from parallel_agents.core.command import Command, CommandEnd, Ending
from parallel_agents.core.command_limits import CommandLimits, LimitHit, LimitName, hit
from parallel_agents.errors import LimitUnenforced
from parallel_agents.sandbox.cgroup import Group, make_group
from parallel_agents.sandbox.limits import Limits, holds_number

# The processes of a sandbox itself, and those of its relay.
_OF_SANDBOX, _OF_RELAY = 4, 32
_REMOVAL_TRIES, _REMOVAL_SECONDS = 50, 0.02
_IN_GROUPS = (LimitName.MEMORY, LimitName.PROCESSES)
# What programs write that get no memory, or cannot start a process.
_WANTS_MEMORY = re.compile(
    r"MemoryError|[Cc]annot allocate memory|[Oo]ut of memory|bad_alloc|[Mm]emory exhausted|ENOMEM"
)
_WANTS_PROCESSES = re.compile(
    r"Resource temporarily unavailable|fork: retry|[Cc]annot fork|can't start new thread|EAGAIN"
)


@dataclass(slots=True, kw_only=True)
class Bounds:
    """The bounds of one command while it runs.

    Attributes:
        asked: the limits of its session.
        limits: what each of its processes may use, and the sandbox around it.
        group: the cgroups that it joins.
    """

    asked: CommandLimits
    limits: Limits
    group: Group
    _before: dict[LimitName, int] = field(init=False)

    def __post_init__(self) -> None:
        self._before = {limit: self.group.hits(limit) for limit in _IN_GROUPS}

    @property
    def memory_of_each(self) -> int | None:
        """The megabytes of each process where no group holds all together; None if that is not asked."""
        asked = self.asked.memory_megabytes
        return None if LimitName.MEMORY in self.group.holds else asked

    def told(self, end: CommandEnd) -> CommandEnd:
        """The end of the command, with the limits that were hit while it ran."""
        return end._replace(hits=tuple(self._hits(end)))

    def _hits(self, end: CommandEnd) -> Iterable[LimitHit]:
        if end.ending is Ending.OUTPUT_USED_UP:
            yield hit(LimitName.OUTPUT, self.asked)
        for limit, signs in zip(_IN_GROUPS, (_WANTS_MEMORY, _WANTS_PROCESSES), strict=True):
            if getattr(self.asked, limit) is None:
                continue
            if limit in self.group.holds:
                if self.group.hits(limit) > self._before[limit]:
                    yield hit(limit, self.asked)
            elif signs.search(end.output):
                yield hit(limit, self.asked, is_by_process=True)


@dataclass(slots=True)
class _Shared:
    """The cgroups of the commands that run at the same time, and the processes around these."""

    group: Group
    commands: int = 0
    around: int = 0


class Bounding:
    """The limits of the commands of a process.

    Args:
        limits: those of a command whose session asks for nothing.
        has_relay: whether a relay runs in each sandbox.
    """

    def __init__(self, limits: Limits, *, has_relay: bool) -> None:
        self._limits = limits
        self._around_each = _OF_SANDBOX + (_OF_RELAY if has_relay else 0)
        self._shared: dict[tuple[str, CommandLimits], _Shared] = {}

    @asynccontextmanager
    async def bounds(
        self, command: Command, parents: Sequence[Path], *, is_inside: bool
    ) -> AsyncGenerator[Bounds]:
        """The bounds of a command, in new cgroups below `parents` or those that its session has.

        Raises:
            LimitUnenforced: nothing here can hold it to a limit of its session.
        """
        asked = command.limits
        key = command.session, asked
        is_shared = bool(command.session) and asked.need_enforcing
        shared = self._shared.get(key) if is_shared else None
        around = self._around_each if is_inside else 0
        if shared is None:
            shared = _Shared(self._made(asked, parents, around))
            if is_shared:
                self._shared[key] = shared
        self._join(shared, asked, around)
        try:
            check_enforced(asked, shared.group, is_inside=is_inside)
            limits = self._of_process(asked, shared.group, around)
            yield Bounds(asked=asked, limits=limits, group=shared.group)
        finally:
            shared.commands -= 1
            shared.around -= around
            if shared.commands:
                shared.group.resize(self._processes(asked, shared.around))
            else:
                if is_shared:
                    del self._shared[key]
                await _remove(shared.group)

    def check(
        self, asked: CommandLimits, parents: Sequence[Path], *, is_inside: bool
    ) -> tuple[str, ...]:
        """Notices about limits that bind these commands less than was asked for.

        Raises:
            LimitUnenforced: nothing here can hold them to a limit.
        """
        if not asked.need_enforcing:
            return ()
        group = self._made(asked, parents, self._around_each if is_inside else 0)
        try:
            return check_enforced(asked, group, is_inside=is_inside)
        finally:
            group.remove()

    def _join(self, shared: _Shared, asked: CommandLimits, around: int) -> None:
        shared.commands += 1
        shared.around += around
        if shared.commands > 1:
            shared.group.resize(self._processes(asked, shared.around))

    def _made(self, asked: CommandLimits, parents: Sequence[Path], around: int) -> Group:
        memory = asked.memory_megabytes or self._limits.whole_memory
        return make_group(parents, processes=self._processes(asked, around), memory=memory)

    def _processes(self, asked: CommandLimits, around: int) -> int:
        return (asked.max_processes or self._limits.processes) + around

    def _of_process(self, asked: CommandLimits, group: Group, around: int) -> Limits:
        """The limits of each process: where a group holds all together, they leave it to that.

        A group counts what it refuses; a process that is refused by itself may say nothing.
        """
        limits = self._limits
        if (memory := asked.memory_megabytes) is not None:
            of_each = max(memory, limits.memory) if LimitName.MEMORY in group.holds else memory
            limits = replace(limits, memory=of_each, scratch=min(limits.scratch, memory))
        if (most := asked.max_processes) is not None:
            room = most + around
            is_held = LimitName.PROCESSES in group.holds
            limits = replace(limits, processes=max(room, limits.processes) if is_held else room)
        return limits


def check_enforced(asked: CommandLimits, group: Group, *, is_inside: bool) -> tuple[str, ...]:
    """Notices about limits that bind the commands in this group less than was asked for.

    Raises:
        LimitUnenforced: nothing here can hold them to a limit.
    """
    most = asked.max_processes
    is_held = LimitName.PROCESSES in group.holds or (is_inside and holds_number())
    if most is not None and not is_held:
        where = (
            "the kernel does not count the processes of each sandbox of this user"
            if is_inside
            else "outside of a sandbox the kernel counts all processes of a user together"
        )
        raise LimitUnenforced(
            f"a limit of {most:,} processes cannot be enforced here",
            why=f"limits.max_processes asks for that, no cgroup can be made, and {where}",
            hint="start pagents with `systemd-run --user --scope pagents ...`, run its commands in a "
            "sandbox as an ordinary user, or leave limits.max_processes out",
        )
    notices: list[str] = []
    if asked.memory_megabytes is not None and LimitName.MEMORY not in group.holds:
        notices.append(
            f"limits.memory_megabytes ({asked.memory_megabytes:,}) holds for the private memory of "
            "each process of its commands, not for all together: no cgroup can be made here"
        )
    if most is not None and LimitName.PROCESSES not in group.holds:
        notices.append(
            f"limits.max_processes ({most:,}) holds for each of its commands, not for all together: "
            "no cgroup can be made here"
        )
    return tuple(notices)


async def _remove(group: Group) -> None:
    """End what is left in a group, which is gone a moment after its last process."""
    for _ in range(_REMOVAL_TRIES):
        group.kill()
        group.remove()
        if group.is_gone:
            return
        await asyncio.sleep(_REMOVAL_SECONDS)
