"""Words: what a keeper is started with, and the lines that it exchanges with the processes that call."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from parallel_agents._version import __version__
from parallel_agents.models.local.launch import Launch

MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which file a model is, and how it is served; another one needs another server."""

    file: str
    bytes: int
    modified_ns: int
    slots: int
    context_tokens: int
    version: str = __version__

    def now(self) -> Stamp | None:
        """The stamp of the same file now; None if it is gone."""
        return stamp_of(Path(self.file), slots=self.slots, context_tokens=self.context_tokens)


def stamp_of(file: Path, *, slots: int, context_tokens: int) -> Stamp | None:
    """The stamp of a file; None if there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return Stamp(
        file=str(file),
        bytes=stat.st_size,
        modified_ns=stat.st_mtime_ns,
        slots=slots,
        context_tokens=context_tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The first line of a keeper's stdin.

    Attributes:
        state: the file in which it says where it listens.
        log: where it and its server write what goes wrong.
        seconds: how long it stays after the last call.
    """

    launch: Launch
    stamp: Stamp
    state: str
    log: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The content of the state file: who keeps the model, and the socket where it listens."""

    pid: int
    socket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLease:
    """Ask for a slot; it is held until the connection ends."""

    kind: Literal["lease"] = "lease"
    stamp: Stamp
    beginning: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AskServer:
    """Ask for the server, without a slot."""

    kind: Literal["server"] = "server"
    stamp: Stamp
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AskState:
    """Ask how the keeper is."""

    kind: Literal["state"] = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToLeave:
    """Ask the keeper to leave once no call is in flight."""

    kind: Literal["leave"] = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    kind: Literal["granted"] = "granted"
    base_url: str
    key: str = field(repr=False)
    pid: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The keeper takes no call any more; another one may be started."""

    kind: Literal["leaving"] = "leaving"
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The server cannot be started."""

    kind: Literal["failed"] = "failed"
    error: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A keeper as it is now.

    Attributes:
        calls: those in flight.
        seconds_left: until it leaves, unless a call is made.
    """

    kind: Literal["state"] = "state"
    pid: int
    model: str
    file: str
    calls: int
    seconds_left: float


Asked: TypeAlias = AskLease | AskServer | AskState | AskToLeave
Told: TypeAlias = Granted | Leaving | Failed | State
KEEP: TypeAdapter[Keep] = TypeAdapter(Keep)
KEPT: TypeAdapter[Kept] = TypeAdapter(Kept)
ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
TOLD: TypeAdapter[Told] = TypeAdapter(Told)
ANSWERED = b"answered\n"
