"""`pagents completion`: lets a shell complete commands, options and names at Tab."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.errors import InvalidInput
from parallel_agents.files import write_private
from parallel_agents.links import real_path
from parallel_agents.settings import Environment, read_user_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.completion.shells import (
    Shell,
    file_of,
    script_of,
    with_script,
    without_script,
)

app = typer.Typer(no_args_is_help=True)

_DEFAULT_MODE = 0o644
_MOST_BYTES = 4 << 20
_Which = Annotated[
    Shell | None,
    typer.Argument(help="The shell; by default yours, as SHELL names it.", metavar="bash|zsh|fish"),
]


@app.command()
def install(shell: _Which = None) -> None:
    """Write the script into the file that your shell reads at its start, between marks of its own."""
    place = _place(shell)
    is_changed = _rewrite(place.file, lambda text: with_script(text, script_of(place.shell)))
    render.line(f"✔ {'Wrote' if is_changed else 'Already in'} {place.file}")
    render.note(f"It takes effect in a new shell: exec {place.shell}")


@app.command()
def uninstall(shell: _Which = None) -> None:
    """Remove the script from that file, and leave all else in it as it is."""
    place = _place(shell)
    is_changed = _rewrite(place.file, without_script)
    if is_changed and place.shell is Shell.FISH and not place.file.read_bytes().strip():
        place.file.unlink()
    render.line(f"✔ {'Removed from' if is_changed else 'Not in'} {place.file}")


@app.command()
def show(shell: _Which = None) -> None:
    """Print the script, to put it where you like."""
    render.line(script_of(_place(shell).shell).rstrip("\n"))


class _Place(NamedTuple):
    shell: Shell
    file: Path


def _place(shell: Shell | None) -> _Place:
    environment = read_user_environment()
    chosen = shell or _own_shell(environment)
    return _Place(chosen, file_of(chosen, environment.variables, Path.home()))


def _own_shell(environment: Environment) -> Shell:
    """The shell that the user logs in with.

    Raises:
        InvalidInput: it is unknown, or not one that can complete.
    """
    name = Path(environment.variables.get("SHELL", "")).name
    if name not in frozenset(Shell):
        raise InvalidInput(
            f"there is no completion for {name!r}" if name else "SHELL is not set",
            hint=f"name the shell: pagents completion install {'|'.join(Shell)}",
        )
    return Shell(name)


def _rewrite(file: Path, change: Callable[[str], str]) -> bool:
    """Change a file of the user's, whose mode and links stay; return whether it was changed.

    Raises:
        InvalidInput: it cannot be read or written, or its marks do not belong together.
    """
    target = real_path(file)
    try:
        before, mode = _read(target)
        after = change(before)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{file} cannot be changed",
            why=getattr(error, "strerror", None) or str(error),
            hint="correct it, or put what `pagents completion show` prints where you like",
        ) from error
    if after == before:
        return False
    write_private(target, after.encode("utf-8", "surrogateescape"))
    target.chmod(mode)
    return True


def _read(file: Path) -> tuple[str, int]:
    """The text of a file with its mode; none with that of a new one if it is not there."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _not_regular()
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return "", _DEFAULT_MODE
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES >> 20} MiB")
    return content.decode("utf-8", "surrogateescape"), stat.S_IMODE(mode)


def _not_regular() -> ValueError:
    return ValueError("it is not a regular file")
