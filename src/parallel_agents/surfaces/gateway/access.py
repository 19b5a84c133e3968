"""Access: who may use the gateway, by one of two tokens, and what the journal calls them."""

from __future__ import annotations

import hmac
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from parallel_agents.errors import ConfigError, PagentsError
from parallel_agents.surfaces.http.token_file import own_token, replace_token

_log = logging.getLogger(__name__)
OPERATE_NAME, READ_NAME = "gateway-token", "gateway-read-token"
_MOST_WRONG, _WRONG_SECONDS, _MOST_ADDRESSES = 10, 60.0, 1000


class Access(StrEnum):
    """`operate` may do everything that the person may; `read` changes nothing."""

    OPERATE = "operate"
    READ = "read"


class Actor(NamedTuple):
    """Who asks: with which token, and from which address."""

    access: Access
    address: str

    @property
    def via(self) -> str:
        """How the journal calls whoever asks, after the name of the user."""
        return f"gateway ({self.access} token, {self.address})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a gateway.

    Attributes:
        only_reads: nobody may change anything, whichever token they have.
    """

    operate: str = field(repr=False)
    read: str = field(repr=False)
    only_reads: bool = False

    def access_of(self, given: str) -> Access | None:
        """What a token gives access to; None if it is neither. Takes the same time for all."""
        text = given.encode("utf-8", "replace")
        is_operate = hmac.compare_digest(text, self.operate.encode())
        is_read = hmac.compare_digest(text, self.read.encode())
        if is_operate and not self.only_reads:
            return Access.OPERATE
        return Access.READ if is_read or is_operate else None


class HomeTokens:
    """The tokens in the files of a home: once these are replaced, the old ones give access to nothing.

    Raises:
        ConfigError, InvalidInput: as for `tokens_of`.
    """

    def __init__(self, home: Path, *, only_reads: bool) -> None:
        self._home = home
        self.only_reads = only_reads
        self._kept = self._identity()  # before the files are read, so that no change is missed
        self.current = tokens_of(home, only_reads=only_reads)

    def access_of(self, given: str) -> Access | None:
        """See `Tokens.access_of`; files that cannot be read change nothing."""
        found = self._identity()
        if found != self._kept:
            self._kept = found
            try:
                self.current = tokens_of(self._home, only_reads=self.only_reads)
            except (PagentsError, OSError) as error:
                _log.warning("the tokens of the gateway stay as they were: %s", error)
        return self.current.access_of(given)

    def _identity(self) -> tuple[object, ...]:
        return tuple(_identity(self._home / name) for name in (OPERATE_NAME, READ_NAME))


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def tokens_of(home: Path, *, only_reads: bool) -> Tokens:
    """The tokens in the files of a home, made at the first start.

    Raises:
        ConfigError, InvalidInput: a file cannot be read or written, or holds no token; or both hold
            the same one.
    """
    operate, read = own_token(home / OPERATE_NAME), own_token(home / READ_NAME)
    if operate == read:
        raise ConfigError(
            f"{OPERATE_NAME} and {READ_NAME} of {home} hold the same token",
            why="whoever should only read could do everything",
            hint="make new ones: pagents serve --new-token",
        )
    return Tokens(operate=operate, read=read, only_reads=only_reads)


def replace_tokens(home: Path) -> None:
    """Make both tokens anew, so that nobody who had one has access any more.

    Raises:
        InvalidInput: a file cannot be written.
    """
    for name in (OPERATE_NAME, READ_NAME):
        replace_token(home / name)


class WrongTokens:
    """Counts the wrong tokens of each address; who sends the right one is never kept waiting.

    A token cannot be guessed, so that what is refused here is only work.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def seconds_to_wait(self, address: str) -> float:
        """Note a wrong token; how long the address has to wait, or 0."""
        now = self._now()
        times = self._times.setdefault(address, deque(maxlen=_MOST_WRONG))
        self._times.move_to_end(address)
        if len(self._times) > _MOST_ADDRESSES:
            self._times.popitem(last=False)
        while times and now - times[0] >= _WRONG_SECONDS:
            times.popleft()
        if len(times) == _MOST_WRONG:
            return _WRONG_SECONDS - (now - times[0])
        times.append(now)
        return 0.0
