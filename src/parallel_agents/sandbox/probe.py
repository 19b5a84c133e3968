"""Probe: whether a sandbox works on this machine; if not, why, and what to do about it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.errors import SandboxMissing
from parallel_agents.sandbox import seccomp

# Not the user's PATH, which may name folders that agents write to.
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin", "/run/wrappers/bin")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_BOUNDS_SINCE = (0, 8)
_OR_OFF = "or set sandbox to off, to run commands with your own rights"
_INSTALL = (
    "install bubblewrap (apt install bubblewrap; dnf, pacman, zypper and apk call it the same)"
)
_PROFILE = (
    "allow it: write `abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap "
    "flags=(unconfined) { userns, }` to /etc/apparmor.d/bwrap and run "
    "`sudo apparmor_parser -r /etc/apparmor.d/bwrap`"
)
_NAMESPACES = (
    "allow user namespaces: `sudo sysctl user.max_user_namespaces=10000 "
    "kernel.unprivileged_userns_clone=1`; in a container, start it with "
    "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
)
_PROC = (
    "in a container, start it with `--security-opt systempaths=unconfined`, "
    "which lets a sandbox have its own /proc"
)


class Bubblewrap(NamedTuple):
    """The program that makes sandboxes.

    Attributes:
        can_bound: whether it bounds the size of folders in memory, as version 0.8 and later do.
    """

    path: str
    version: str
    can_bound: bool


def find_program() -> str:
    """The path of bubblewrap, if this machine could have sandboxes at all.

    Raises:
        SandboxMissing: it has not.
    """
    if sys.platform != "linux":
        raise missing(f"sandboxes need Linux, and this is {sys.platform}", "use Linux")
    if platform.machine() not in seccomp.MACHINES:
        known = ", ".join(sorted(seccomp.MACHINES))
        raise missing(
            f"no filter of system calls is known for {platform.machine()}", f"use one of {known}"
        )
    for folder in _FOLDERS:
        if (program := Path(folder, "bwrap")).is_file():
            return str(program)
    raise missing("bubblewrap is not installed", _INSTALL)


def read_version(path: str, output: str) -> Bubblewrap:
    """Bubblewrap by what `bwrap --version` prints."""
    match = _VERSION.search(output)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return Bubblewrap(path, match[0] if match else "?", version >= _BOUNDS_SINCE)


def explain(output: str) -> SandboxMissing:
    """Why a sandbox that runs nothing did not work, by what bubblewrap wrote."""
    lines = output.strip().splitlines()
    why = lines[-1] if lines else "it said nothing"
    return missing(why, next((hint for marks, hint in _HINTS if _has(why, marks)), _NAMESPACES))


def _has(text: str, marks: Sequence[str]) -> bool:
    return any(mark in text for mark in marks)


_HINTS = (
    (("uid map", "RTM_NEWADDR", "gid map"), _PROFILE),
    (("mount proc",), _PROC),
    (("Unknown option", "unknown option"), "update bubblewrap to version 0.5 or later"),
)


def missing(why: str, hint: str) -> SandboxMissing:
    return SandboxMissing(
        "commands must run in a sandbox, and none works here", why=why, hint=f"{hint}; {_OR_OFF}"
    )
