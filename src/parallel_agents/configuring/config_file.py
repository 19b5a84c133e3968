"""Config file: the user's `config.toml`, changed whole or not at all, and by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from parallel_agents.core.json_value import Json
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import ConfigError, Conflict, InvalidInput
from parallel_agents.files import write_private
from parallel_agents.links import real_path
from parallel_agents.lock import hold

MOST_BYTES = 1 << 20
_LOCK = "config.lock"
_WAIT_SECONDS = 10.0

Problems: TypeAlias = Callable[[Mapping[str, Json], str], Sequence[ConfigError]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """A file of settings.

    Attributes:
        path: where it is, or would be.
        problems: what is wrong in tables that a source has.
    """

    path: Path
    problems: Problems

    def text(self) -> str:
        """What it says; empty if it is not there.

        Raises:
            ConfigError: it cannot be read, or is not TOML.
        """
        try:
            with self.path.open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        if len(content) > MOST_BYTES:
            raise self._unreadable(f"it has more than {MOST_BYTES >> 20} MiB")
        try:
            text = content.decode()
        except ValueError as error:
            raise self._unreadable(str(error)) from error
        return text

    def tables(self) -> dict[str, Json]:
        """The settings in it.

        Raises:
            ConfigError: it cannot be read, or is not TOML.
        """
        return self._tables_of(self.text())

    def check(self, text: str) -> None:
        """Refuse a text that has a mistake which the file does not have yet.

        Raises:
            ConfigError: the first one.
        """
        try:
            known = {problem.message for problem in self._problems_of(self.text())}
        except ConfigError:  # whatever the file becomes is better
            known = set[str]()
        for problem in self._problems_of(text):
            if problem.message not in known:
                raise problem

    async def change(self, changed: Callable[[str], str]) -> bool:
        """Replace the text by what it is changed into; return whether that is another one.

        Raises:
            PagentsError: what `changed` raises; the file stays as it was.
            ConfigError: the new text has a mistake that the old one had not; the file stays as it was.
            InvalidInput: its folder cannot be made or written to.
            Conflict: other processes have been changing it for ten seconds.
        """
        try:
            async with asyncio.timeout(_WAIT_SECONDS) as waiting, hold(self.path.with_name(_LOCK)):
                waiting.reschedule(None)
                return await asyncio.to_thread(self._change, changed)
        except TimeoutError as error:
            raise Conflict(
                f"{self.path} is being changed by another process",
                hint="run this again when it has ended",
            ) from error
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be changed",
                why=str(error),
                hint="make its folder writable, or name another home with --home",
            ) from error

    def _change(self, changed: Callable[[str], str]) -> bool:
        before = self.text()
        self._tables_of(before)
        after = changed(before)
        if after == before:
            return False
        self.check(after)
        # What a link leads to is replaced, not the link: it may lie among other dotfiles.
        write_private(real_path(self.path), after.encode())
        return True

    def _problems_of(self, text: str) -> Sequence[ConfigError]:
        return self.problems(self._tables_of(text), str(self.path))

    def _tables_of(self, text: str) -> dict[str, Json]:
        try:
            return tables_of(text)
        except ValueError as error:
            raise self._unreadable(str(error)) from error

    def _unreadable(self, why: str) -> ConfigError:
        return ConfigError(
            f"{self.path} cannot be read", why=why, hint="correct it: pagents config edit"
        )
