"""Bubblewrap: the arguments of `bwrap` for a command; see `man bwrap`.

The root is empty but for the system's programs, which can only be read; `/etc`, `/tmp` and the home
are the command's own. It has processes, users, network and inter-process communication of its own,
and no capability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from parallel_agents.sandbox.view import View

HOME = "/agent"
_SYSTEM = (
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/gnu/store",
)
_OF_ETC = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "debian_version",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "lsb-release",
    "mime.types",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
_MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """What holds for all commands of a process.

    Attributes:
        program: the path of `bwrap`.
        version: its version.
        can_bound: whether it bounds the size of folders in memory, as version 0.8 and later do.
        user: the id of the user that a command sees itself as.
        programs: folders with programs besides those of the system, which can be read.
        groups: the cgroups below which each command gets its own.
        scratch: megabytes of /tmp, and of the home.
        environment: the variables of a command.
    """

    program: str
    version: str
    can_bound: bool
    user: int
    programs: tuple[Path, ...]
    groups: tuple[Path, ...]
    scratch: int
    environment: Mapping[str, str]


class Descriptors(NamedTuple):
    """What `bwrap` reads and writes besides its arguments.

    Attributes:
        filter: the filter of system calls is read from it.
        information: the id of the first process of the sandbox is written to it, as JSON.
        line: the warden ends what holds it; the command does not.
        files: the content of files is read from them, by their paths.
        variables: what the command's environment has besides that of the walls is read from it,
            and so in no list of processes; None for nothing.
    """

    filter: int
    information: int
    line: int
    files: Mapping[str, int]
    variables: int | None = None

    @property
    def inherited(self) -> tuple[int, ...]:
        variables = () if self.variables is None else (self.variables,)
        return (self.filter, self.information, self.line, *self.files.values(), *variables)


def further_variables(variables: Mapping[str, str]) -> bytes:
    """What `bwrap` reads from the descriptor of variables.

    Raises:
        ValueError: one has a NUL character, or an invalid name.
    """
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise ValueError(f"{name!r} is not a variable of an environment")
    return b"".join(
        f"--setenv\0{name}\0{value}\0".encode(errors="surrogateescape")
        for name, value in variables.items()
    )


class Mount(NamedTuple):
    """A file or folder of the machine that can be read inside, under another path."""

    source: Path
    path: str


def arguments(
    walls: Walls,
    view: View,
    command: Sequence[str],
    descriptors: Descriptors,
    mounts: Sequence[Mount] = (),
) -> list[str]:
    """The arguments of `bwrap`.

    Args:
        walls: what holds for all commands.
        view: the folder of this one.
        command: the program and its arguments.
        descriptors: what it reads and writes besides them.
        mounts: what else can be read.
    """
    return [
        walls.program,
        *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--hostname", "sandbox"),
        *("--uid", str(walls.user), "--gid", str(walls.user)),
        *_variables(walls.environment),
        *(() if descriptors.variables is None else ("--args", str(descriptors.variables))),
        *_system(),
        *_etc(descriptors.files),
        *("--proc", "/proc", "--dev", "/dev"),
        *_memory(walls, "/dev/shm", "/tmp", HOME),  # noqa: S108 - inside of the sandbox
        *(part for path in walls.programs for part in _bound("--ro-bind", path)),
        *(part for source, path in mounts for part in ("--ro-bind", str(source), path)),
        *_folder(view),
        # Root outside could write kernel settings in /proc/sys, as /proc belongs to it inside, too.
        *("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", str(view.folder), "--seccomp", str(descriptors.filter)),
        *("--info-fd", str(descriptors.information), "--sync-fd", str(descriptors.line)),
        "--",
        *command,
    ]


def _variables(environment: Mapping[str, str]) -> Iterator[str]:
    yield "--clearenv"
    for name, value in environment.items():
        yield from ("--setenv", name, value)


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from _bound("--ro-bind", path)


def _etc(files: Mapping[str, int]) -> Iterator[str]:
    for name in _OF_ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for path, descriptor in files.items():
        yield from ("--file", str(descriptor), path)


def _memory(walls: Walls, *folders: str) -> Iterator[str]:
    for folder in folders:
        if walls.can_bound:
            yield from ("--size", str(walls.scratch * _MEGABYTE))
        yield from ("--tmpfs", folder)


def _folder(view: View) -> Iterator[str]:
    """The later of two that overlap covers the other; a mounted path can be neither moved nor removed."""
    for path in view.seen:
        yield from _bound("--ro-bind", path)
    for path in (view.folder, *view.pinned):
        yield from _bound("--bind", path)
    for path in view.read_only:
        yield from _bound("--ro-bind", path)
    for path in view.hidden:
        if path.is_dir():
            yield from ("--tmpfs", str(path), "--remount-ro", str(path))
        else:
            yield from ("--ro-bind", "/dev/null", str(path))


def _bound(option: str, path: Path) -> tuple[str, str, str]:
    return option, str(path), str(path)
