"""Local commands: runs the commands of sessions on this machine, in a sandbox unless it is off."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import sys
import tempfile
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from parallel_agents.containment.commands import Start, run_command
from parallel_agents.containment.output import Hiding
from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import IN_RUN, Command, CommandEnd, Ending, Standing
from parallel_agents.core.command_limits import NO_COMMAND_LIMITS, CommandLimits
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.errors import SandboxMissing
from parallel_agents.links import real_path
from parallel_agents.sandbox import relay_inside, seccomp
from parallel_agents.sandbox.bounding import Bounding, Bounds
from parallel_agents.sandbox.bubblewrap import (
    HOME,
    Descriptors,
    Mount,
    Walls,
    arguments,
    further_variables,
)
from parallel_agents.sandbox.cgroup import writable_groups
from parallel_agents.sandbox.limits import Limits, limited, limited_memory
from parallel_agents.sandbox.probe import Bubblewrap, explain, find_program, read_version
from parallel_agents.sandbox.relay import FOLDER as RELAY_FOLDER, PORT, SOCKET, Relay
from parallel_agents.sandbox.repository import KnownRepositories, own_repository
from parallel_agents.sandbox.tree import Tree
from parallel_agents.sandbox.view import View, real_folder, view_of

FindVariables = Callable[[str], Awaitable[Mapping[str, str]]]
_PROBE_SECONDS = 20.0
_log = logging.getLogger(__name__)
_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/opt", "/nix/store", "/gnu/store")
_KEPT = ("LANG", "LC_ALL", "TZ")
_KEPT_OUTSIDE = (*_KEPT, "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_RUNTIME_DIR")
# Where the user's configuration of git is.
_OF_GIT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "XDG_CONFIG_HOME")
_ORDINARY_USER = 1000
_INSIDE = "/run/relay_inside.py"
_RELAYED = (f"{sys.base_prefix}/bin/python3", "-I", "-S", _INSIDE)
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_PROXY = {
    **dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), f"http://127.0.0.1:{PORT}"
    ),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the commands of a process have around them.

    Attributes:
        variables: the environment variables of the process; few are passed on.
        homes: the folders of the user that no command may work in as a whole.
        private: folders that no command sees, though they may be in the one that it works in.
        programs: folders outside of the system's that commands can read, such as toolchains.
        hosts: the hosts that commands in a sandbox reach, or patterns of them; none without any.
        limits: what each command may use.
        find_variables: looks up the variables of a profile.
        hiding: makes what the output of each command passes before it is cut; None for nothing.
    """

    variables: Mapping[str, str]
    homes: tuple[Path, ...] = ()
    private: tuple[Path, ...] = ()
    programs: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    find_variables: FindVariables | None = None
    hiding: Callable[[], Hiding] | None = None


class LocalCommands:
    """The commands of the sessions of a process; a warden ends their sandboxes if it is killed."""

    def __init__(self, surroundings: Surroundings, warden: Warden) -> None:
        self._around = surroundings
        self._warden = warden
        # They guard nothing but the loop: what blocks it for a moment has a round of it for itself.
        self._preparing = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._probing = asyncio.Lock()  # guards `_walls`
        self._walls: Walls | None = None
        self._parents: tuple[Path, ...] | None = None
        self._bounding = Bounding(surroundings.limits, has_relay=bool(surroundings.hosts))
        variables = surroundings.variables
        self._repositories = KnownRepositories(
            {name: variables[name] for name in _OF_GIT if name in variables}
        )

    async def check(
        self,
        sandbox: Sandbox,
        folder: str,
        *,
        is_own_folder: bool,
        limits: CommandLimits = NO_COMMAND_LIMITS,
    ) -> tuple[str, ...]:
        if sandbox is Sandbox.OFF:
            groups = await self._groups() if limits.need_enforcing else ()
            return self._bounding.check(limits, groups, is_inside=False)
        walls = await self._sandbox()
        await asyncio.to_thread(self._view, walls, folder, None, is_own=is_own_folder)
        return self._bounding.check(limits, walls.groups, is_inside=True)

    async def run(self, command: Command) -> CommandEnd:
        variables = await self._variables(command)
        if command.sandbox is Sandbox.OFF:
            return await self._run_outside(command, variables)
        walls = await self._sandbox()
        view = await asyncio.to_thread(
            self._view, walls, command.folder, command.hides, is_own=command.is_own_folder
        )
        try:
            end = await self._run_inside(walls, view, command, variables)
        finally:
            aside = _set_aside(view)
        if aside:
            end = end._replace(output=f"{end.output}\n[not allowed here, and renamed: {aside}]\n")
        return end

    @asynccontextmanager
    async def standing(
        self, command: Command, variables: Mapping[str, str]
    ) -> AsyncGenerator[Standing]:
        variables = {**await self._variables(command), **variables}
        walls = await self._sandbox()
        own = command.is_own_folder
        view = await asyncio.to_thread(self._view, walls, command.folder, None, is_own=own)
        if command.hides is not None:
            view = view.empty()
        elif not own:
            view = view.only_read()
        try:
            async with self._inside(walls, view, command, variables) as (standing, _):
                yield standing
        finally:
            _set_aside(view)

    async def _variables(self, command: Command) -> Mapping[str, str]:
        find = self._around.find_variables
        if not command.profile or find is None:
            return {}
        return await find(command.profile)

    def _view(
        self, walls: Walls, folder: str, hides: Callable[[str], bool] | None, *, is_own: bool
    ) -> View:
        real = real_folder(Path(folder), self._around.homes)
        return view_of(
            real,
            own_repository(real) if is_own else self._repositories.find(real),
            private=self._around.private,
            programs=walls.programs,
            hides=hides,
        )

    async def describe(self) -> str:
        """What the sandboxes of this machine are made of.

        Raises:
            SandboxMissing: none works here.
        """
        walls = await self._sandbox()
        unbound = [
            *([] if walls.groups else ["memory is bounded by process, not as a whole"]),
            *([] if walls.can_bound else ["files in memory are bounded since bubblewrap 0.8"]),
        ]
        return f"bubblewrap {walls.version}" + "".join(f"; {what}" for what in unbound)

    async def _run_outside(self, command: Command, variables: Mapping[str, str]) -> CommandEnd:
        groups = await self._groups() if command.limits.need_enforcing else ()
        async with self._bounding.bounds(command, groups, is_inside=False) as bounds:
            started: Sequence[str] = command.arguments
            if (memory := bounds.memory_of_each) is not None:
                started = limited_memory(memory, started)
            start = Start(
                bounds.group.joined(started),
                command.stdin,
                folder=command.folder or None,
                environment={**_environment(self._around.variables), **variables},
                meter=command.meter,
                hiding=self._around.hiding,
            )
            return bounds.told(await self._ended(start, command))

    async def _ended(self, start: Start, command: Command) -> CommandEnd:
        seconds = command.timeout_seconds
        return await run_command(start, turn=self._starting, timeout_seconds=seconds)

    async def _groups(self) -> tuple[Path, ...]:
        """The cgroups below which commands outside of a sandbox get some."""
        if self._parents is None:
            self._parents = await asyncio.to_thread(writable_groups)
        return self._parents

    async def _run_inside(
        self,
        walls: Walls,
        view: View,
        command: Command,
        variables: Mapping[str, str] = _NO_VARIABLES,
    ) -> CommandEnd:
        async with self._inside(walls, view, command, variables) as (inside, bounds):
            start = Start(
                inside.arguments,
                command.stdin,
                environment={},
                descriptors=inside.descriptors,
                meter=command.meter,
                hiding=self._around.hiding,
            )
            return bounds.told(await self._ended(start, command))

    @asynccontextmanager
    async def _inside(
        self,
        walls: Walls,
        view: View,
        command: Command,
        variables: Mapping[str, str] = _NO_VARIABLES,
    ) -> AsyncGenerator[tuple[Standing, Bounds]]:
        """A command behind the walls; at the end of the block nothing of it is left."""
        async with AsyncExitStack() as relays:
            bounding = self._bounding.bounds(command, walls.groups, is_inside=True)
            bounds = await relays.enter_async_context(bounding)
            walls = replace(walls, scratch=bounds.limits.scratch)
            inside, mounts = limited(bounds.limits, command.arguments), ()
            if self._around.hosts:
                relay = Relay(self._around.hosts).listening()
                folder = await relays.enter_async_context(relay)
                inside = (*_RELAYED, f"{RELAY_FOLDER}/{SOCKET}", str(PORT), *inside)
                mounts = (Mount(folder, RELAY_FOLDER), Mount(Path(relay_inside.__file__), _INSIDE))
            line = await self._warden.line()
            with ExitStack() as stack:
                async with self._preparing:
                    tree = Tree(stack)
                    descriptors = Descriptors(
                        _in_memory(stack, seccomp.program(platform.machine())),
                        tree.told_on,
                        line,
                        {path: _in_memory(stack, text) for path, text in _files(walls).items()},
                        _in_memory(stack, further_variables(variables)) if variables else None,
                    )
                    started = bounds.group.joined(
                        arguments(walls, view, inside, descriptors, mounts)
                    )
                    await asyncio.sleep(0)
                try:
                    yield Standing(tuple(started), descriptors.inherited), bounds
                finally:
                    await tree.end()

    async def _sandbox(self) -> Walls:
        """The walls of a sandbox that was seen to work; a failure is looked into each time.

        Raises:
            SandboxMissing: none works here.
        """
        async with self._probing:
            if self._walls is None:
                self._walls = await self._probe()
            return self._walls

    async def _probe(self) -> Walls:
        bubblewrap = await self._version(find_program())
        groups = await asyncio.to_thread(writable_groups)
        walls = self._walls_of(bubblewrap, groups)
        try:
            await self._try(walls)
        except SandboxMissing:
            if not groups:
                raise
            walls = self._walls_of(bubblewrap, ())
            await self._try(walls)
        return walls

    async def _try(self, walls: Walls) -> None:
        """Run nothing in a sandbox.

        Raises:
            SandboxMissing: it did not work.
        """
        with tempfile.TemporaryDirectory(prefix="pagents-") as folder:
            command = Command(arguments=("/bin/sh", "-c", ":"), timeout_seconds=_PROBE_SECONDS)
            try:
                end = await self._run_inside(walls, View(folder=Path(folder)), command)
            except OSError as error:
                raise explain(str(error)) from error
        if end.ending is not Ending.EXITED or end.code != 0:
            raise explain(end.output)

    async def _version(self, program: str) -> Bubblewrap:
        start = Start((program, "--version"), environment={})
        end = await run_command(start, turn=self._starting, timeout_seconds=_PROBE_SECONDS)
        return read_version(program, end.output)

    def _walls_of(self, bubblewrap: Bubblewrap, groups: tuple[Path, ...]) -> Walls:
        programs = tuple(
            _programs((*self._around.programs, Path(sys.prefix), Path(sys.base_prefix)))
        )
        return Walls(
            program=bubblewrap.path,
            version=bubblewrap.version,
            can_bound=bubblewrap.can_bound,
            user=os.getuid() or _ORDINARY_USER,
            programs=programs,
            groups=groups,
            scratch=self._around.limits.scratch,
            environment={
                **_environment_inside(self._around.variables, programs),
                **(_PROXY if self._around.hosts else {}),
            },
        )


def _set_aside(view: View) -> str:
    """Rename what a command must not have made, and name it; empty for nothing."""
    listed = ", ".join(map(str, view.set_aside()))
    if listed:
        _log.warning(
            "renamed, or restored, since a command may have made it: %s; if it was you, rename it back",
            listed,
        )
    return listed


def _programs(folders: Iterable[Path]) -> Iterator[Path]:
    """Those folders that exist and are not seen anyway."""
    for folder in folders:
        path = real_path(folder.expanduser())
        is_seen = path == Path("/") or _is_below(str(path), _SYSTEM_FOLDERS)
        if not is_seen and os.access(path, os.R_OK | os.X_OK):
            yield path


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: variables[name] for name in _KEPT_OUTSIDE if name in variables}
    return {"PATH": ":".join(_SYSTEM_PATH), **kept, "TERM": "dumb", IN_RUN: "1"}


def _environment_inside(variables: Mapping[str, str], programs: Iterable[Path]) -> dict[str, str]:
    named = variables.get("PATH", "").split(":")
    seen = [path for path in named if _is_below(path, (*_SYSTEM_FOLDERS, *map(str, programs)))]
    path = dict.fromkeys((*seen, *_SYSTEM_PATH, f"{sys.prefix}/bin"))
    kept = {name: variables[name] for name in _KEPT if name in variables}
    return {"LANG": "C.UTF-8", **kept, "PATH": ":".join(path), "HOME": HOME, "TERM": "dumb"}


def _files(walls: Walls) -> dict[str, bytes]:
    """The files of /etc without which programs do not know who runs them, and where."""
    user = walls.user
    return {
        "/etc/passwd": f"agent:x:{user}:{user}::{HOME}:/bin/sh\n".encode(),
        "/etc/group": f"agent:x:{user}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
        "/etc/nsswitch.conf": b"hosts: files dns\n",
        # Not the user's identity, which is in a home that is not seen.
        "/etc/gitconfig": (
            b"[user]\n\tname = agent\n\temail = agent@localhost\n"
            b"[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
        ),
    }


def _in_memory(stack: ExitStack, content: bytes) -> int:
    """A descriptor from which the content is read; each command needs one of its own."""
    descriptor = os.memfd_create("pagents", os.MFD_CLOEXEC)
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
