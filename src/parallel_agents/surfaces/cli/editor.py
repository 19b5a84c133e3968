"""Editor: a file in the user's editor, until what was saved is valid or the user gives up."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.files import write_private
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.plan_editor import editor_of

_MOST_BYTES = 1 << 20
_KEPT = "What you saved is kept, and the next edit begins with it:"


def edit_file(
    draft: Path,
    file: Path,
    text: str,
    variables: Mapping[str, str],
    check: Callable[[str], object],
) -> str | None:
    """What the user saved; None if they left it as it was.

    Args:
        draft: where it is written for the editor. It is kept if what was saved is not valid, and then
            the next edit begins with it, unless the file was changed since.
        file: what is edited; it need not exist.
        text: what it says at first.
        variables: those that name the editor.
        check: raises PagentsError for what is not valid.

    Raises:
        InvalidInput: the editor cannot be started, or failed.
        PagentsError: what was saved is not valid, and the user does not edit it again.
    """
    _begin(draft, file, text)
    while True:
        try:
            _open(editor_of(variables), draft)
            if (saved := _saved(draft)) == text:
                draft.unlink()
                return None
            check(saved)
        except PagentsError as error:
            if _is_again(draft, text, error):
                continue
            raise
        return saved


def _is_again(draft: Path, text: str, error: PagentsError) -> bool:
    """Whether the user edits again after an error; otherwise what they saved is kept, and said to be."""
    if not draft.exists() or draft.read_bytes() == text.encode():
        draft.unlink(missing_ok=True)
        return False
    if _is_asked():
        render.error(error)
        if typer.confirm("Edit it again?", default=True, err=True):
            return True
    render.note(f"{_KEPT} {draft}.")
    return False


def _begin(draft: Path, file: Path, text: str) -> None:
    """Write the draft, unless one was kept; it is not written over a file that is newer than it."""
    if draft.exists() and _changed_at(file) <= _changed_at(draft):
        render.note(f"This begins with what you saved and did not use, from {draft}.")
        return
    if draft.exists():
        older = draft.replace(draft.with_name(f"{draft.name}.older"))
        render.note(f"{file} was changed since; what you saved and did not use is in {older}.")
    write_private(draft, text.encode())


def _changed_at(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def _is_asked() -> bool:
    return sys.stdin.isatty() and render.err().is_terminal


def _open(editor: str, file: Path) -> None:
    hint = "set VISUAL or EDITOR to an editor that is installed"
    try:
        ended = subprocess.run([*shlex.split(editor), str(file)], check=False)  # noqa: S603 - the user's own
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(
            f"the editor {editor!r} cannot be started", why=why, hint=hint
        ) from error
    if ended.returncode:
        raise InvalidInput(
            f"the editor {editor!r} failed with exit code {ended.returncode}",
            why="an editor that fails may not have saved everything",
            hint="leave it without an error to use what you saved, or set VISUAL or EDITOR to another one",
        )


def _saved(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_BYTES + 1).decode()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{file} cannot be read", why=str(error), hint="save it as UTF-8"
        ) from error
    if len(text) > _MOST_BYTES:
        raise InvalidInput(f"{file} has more than {_MOST_BYTES >> 20} MiB", hint="save less")
    return text
