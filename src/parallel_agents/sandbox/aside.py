"""Aside: renames what a command made and must not stay, and follows no link that it made to get there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

from parallel_agents.errors import SandboxRefused

T = TypeVar("T")
# Also of folders that a command has made unreadable.
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def set_aside(folder: Path, path: Path) -> bool:
    """Rename what is at a path below a folder; whether there was something.

    If a link has come to exist on the way, it is the link that is renamed.

    Raises:
        SandboxRefused: it cannot be renamed.
    """
    with ExitStack() as stack:
        try:
            return _set_aside(stack, folder, path.relative_to(folder).parts)
        except OSError as error:
            raise SandboxRefused(
                f"a command made {path}, which decides what programs do in its folder",
                why=f"it cannot be renamed: {error.strerror}",
                hint="remove it before you run git or start anything there",
            ) from error


def restore_link(folder: Path, path: Path, target: Path) -> bool:
    """Have a link in a folder hold what it held; whether it did not.

    Raises:
        SandboxRefused: it cannot be restored.
    """
    if path.is_symlink() and path.readlink() == target:
        return False
    set_aside(folder, path)
    try:
        path.symlink_to(target)
    except OSError as error:
        raise SandboxRefused(
            f"a command changed the link {path}",
            why=f"it cannot be restored: {error.strerror}",
            hint=f"make it a link to {target} again",
        ) from error
    return True


def _set_aside(stack: ExitStack, folder: Path, steps: tuple[str, ...]) -> bool:
    at = os.open(folder, _FOLDER)
    stack.callback(os.close, at)
    for number, step in enumerate(steps, start=1):
        kind = _writable(at, partial(_kind_of, at, step))
        if kind is None:
            return False
        if number == len(steps) or stat.S_ISLNK(kind):
            aside = f"{step}.refused-{os.urandom(4).hex()}"
            _writable(at, partial(os.rename, step, aside, src_dir_fd=at, dst_dir_fd=at))
            return True
        if not stat.S_ISDIR(kind):
            return False
        at = _writable(at, partial(os.open, step, _FOLDER, dir_fd=at))
        stack.callback(os.close, at)
    return False


def _kind_of(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _writable(folder: int, act: Callable[[], T]) -> T:
    """What an act in a folder gives; a command can have taken the right to it from a folder that it owns."""
    try:
        return act()
    except PermissionError:
        opened = Path(f"/proc/self/fd/{folder}")
        mode = stat.S_IMODE(opened.stat().st_mode)
        opened.chmod(mode | stat.S_IRWXU)
        try:
            return act()
        finally:
            opened.chmod(mode)
