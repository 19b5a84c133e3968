"""Notification: word of an end or a question, sent once to where somebody wants to have it.

It is written down in the transaction of the event that it tells of, so that none is lost and none is
made twice. It is sent by whichever process has an engine, and again if that process died meanwhile:
the receiver knows the second one by its id.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple, Protocol

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.core.shown import shown
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.errors import InvalidInput

_VARIABLE, _DESKTOP = "env:", "desktop"
_DESKTOP_PROGRAM = "osascript" if sys.platform == "darwin" else "notify-send"
_LOCAL_NAMES = ("localhost", "localhost.localdomain")


class Occasion(StrEnum):
    """What a notification reports: that work is done, waits for a person, or failed."""

    DONE = "done"
    NEEDS_YOU = "needs_you"
    FAILED = "failed"


_OCCASIONS = {
    RunStatus.DONE: Occasion.DONE,
    RunStatus.PARTIAL: Occasion.DONE,
    RunStatus.FAILED: Occasion.FAILED,
    RunStatus.TIMED_OUT: Occasion.FAILED,
    RunStatus.OVER_BUDGET: Occasion.FAILED,
}


def occasion_of(status: RunStatus) -> Occasion | None:
    """What an end is worth telling as; None for one that a person brought about."""
    return _OCCASIONS.get(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Checked):
    """Where notifications about a session and all below it are sent, and which ones.

    Attributes:
        to: a command, a URL, `desktop`, or `env:NAME` for a variable that holds one of them.
        on: the occasions to notify of.

    Raises:
        InvalidInput: `to` is none of these.
    """

    to: str
    on: tuple[Occasion, ...] = tuple(Occasion)

    @override
    def _check(self) -> None:
        read_target(self.to)


class Target(NamedTuple):
    """Where a notification goes: the words of a command, or an address, or a variable that has one.

    Attributes:
        is_desktop: whether the command shows it on the screen, and is still to be told what.
    """

    command: tuple[str, ...] = ()
    address: WebAddress | None = None
    variable: str = ""
    is_desktop: bool = False


def read_target(text: str) -> Target:
    """A target from its text.

    Raises:
        InvalidInput: it is neither a command nor a URL that may be sent to.
    """
    if text.startswith(_VARIABLE):
        name = text.removeprefix(_VARIABLE)
        if name.isidentifier():
            return Target(variable=name)
        raise _bad(text, f"{shown(name)} is not the name of a variable")
    if text == _DESKTOP:
        return Target(command=(_DESKTOP_PROGRAM,), is_desktop=True)
    if "://" in text:
        return Target(address=_address(text))
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise _bad(text, f"it cannot be split into words: {error}") from None
    if not words or "\0" in text:
        raise _bad(text, "it is empty" if not words else "it has a NUL character")
    return Target(command=words)


def _address(text: str) -> WebAddress:
    try:
        address = WebAddress.parse(text)
    except BadAddress as error:
        raise _bad("the address", str(error)) from None
    if address.scheme == "http" and not is_loopback(address.host):
        raise _bad(f"http://{address.netloc}", "without https, others could read and change it")
    return address


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_NAMES


def _bad(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{shown(text)} is nothing that can be notified",
        why=why,
        hint="name a command, an https:// URL, desktop, or env:NAME for a variable that holds one",
    )


class Notification(NamedTuple):
    """What is to be told.

    Attributes:
        number: that of the event that it tells of.
        to: as in `Notify`.
        session: the top of the tree.
        run: the run that ended, or asks.
        tries: how often it was tried, this time included.
    """

    number: int
    to: str
    about: Occasion
    session: SessionKey
    run: RunId
    tries: int

    @property
    def id(self) -> str:
        """The same whenever it is sent, and of no other notification."""
        return f"{self.run}:{self.number}"


class Unsent(NamedTuple):
    """Notifications that were given up, and why the last of them was."""

    number: int
    error: str


class NotificationStore(Protocol):
    """Keeps notifications until they are sent."""

    async def tell_unasked(self, notify: Notify) -> None:
        """From now on, notify of what this process executes for trees without a target."""
        ...

    async def has_due(self) -> bool:
        """Whether a notification is due, or was being sent by a process that has died."""
        ...

    async def take_notifications(self, owner: OwnerId) -> list[Notification]:
        """Take the notifications that are due, in order to send them: a few of each target at a time.

        While a question that was sent has no answer, no other question of its tree is taken. A
        question that was answered before it was sent is never taken.
        """
        ...

    async def take_own_notifications(self, owner: OwnerId) -> list[Notification]:
        """The same of the runs that this process has executed last, and of no others."""
        ...

    async def note_sent(self, sent: Notification) -> None:
        """Record that a notification was sent."""
        ...

    async def note_unsent(self, sent: Notification, error: str, again_in: float | None) -> None:
        """Record that it was not; it is due again in that many seconds, or given up."""
        ...

    async def unsent(self, since: float) -> Unsent:
        """The notifications that were given up since then."""
        ...
