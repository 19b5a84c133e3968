"""Shared state: values that the sessions of one tree share, each with a version that every write raises.

A tree is what one session without a parent has spawned. Values are small; what is larger goes into a
file or an artifact, and its name or id into the state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

import orjson
from pydantic_core import from_json

from parallel_agents.core.converted import GivenJson
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.json_value import all_finite, is_too_deep
from parallel_agents.core.schema import Json
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

MOST_VALUE_BYTES = 65_536
MOST_KEY_CHARACTERS = 200
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")

# A key of a tree.
StateKey: TypeAlias = tuple[SessionKey, str]


class Writer(NamedTuple):
    """Who writes what a tree shares.

    Attributes:
        session: the session; empty for a person or a program outside of any.
        run: its run; empty for none.
        call: the call in the run that writes. A call writes once, however often it is made.
        again: the call of a failed run that this one does again, as `RUN/CALL`; empty for none.
        by: the name of a person outside of any session; empty if it is not known.
    """

    session: SessionKey = SessionKey("")
    run: RunId = RunId("")
    call: str = ""
    again: str = ""
    by: str = ""


OUTSIDER = Writer()


class StateEntry(NamedTuple):
    """A value as it is stored.

    Attributes:
        version: each write adds 1. A key begins with 1, or above all versions that were removed from
            its tree, so that none comes twice.
        at: when it was written, in seconds since the epoch.
        by: the session that wrote it; empty for a person or a program outside of any.
    """

    key: str
    value: Json
    version: int
    at: float
    by: SessionKey


class StateWritten(NamedTuple):
    """What came of a write.

    Attributes:
        is_written: False if the version was another one, and nothing was written.
        version: of the key now; 0 if it has no value. Of a call that had written before, the
            version that it wrote.
        entry: what the key has instead, if nothing was written.
    """

    is_written: bool
    version: int
    entry: StateEntry | None = None


class StateOperation(StrEnum):
    """SET replaces a value, APPEND adds an item to the end of a list, which may be missing.

    DELETE removes a value.
    """

    SET = "set"
    APPEND = "append"
    DELETE = "delete"


class StateWrite(NamedTuple):
    """A write of one value.

    Attributes:
        encoded: the value, or the item to append, as JSON; nothing to delete.
        version: the version that the key must have, 0 for no value; None for any.
    """

    tree: SessionKey
    key: str
    operation: StateOperation
    encoded: bytes
    version: int | None = None


class Removal(NamedTuple):
    """How many values or artifacts were removed, and their bytes."""

    number: int
    bytes: int


class StateBounds(NamedTuple):
    """The most that the state of one tree may have."""

    keys: int
    bytes: int


class StateStore(Protocol):
    """Keeps what the sessions of each tree share."""

    async def state_entries(
        self, tree: SessionKey, *, key: str | None = None, prefix: str = ""
    ) -> list[StateEntry]:
        """The values of a tree, by key: that of one key, or those of all that begin with `prefix`."""
        ...

    async def write_state(
        self, write: StateWrite, writer: Writer, bounds: StateBounds
    ) -> StateWritten:
        """Write a value, unless the version is another one or the call has written before.

        Raises:
            InvalidInput: there is no room, or something is appended to what is not a list.
        """
        ...

    async def clear_state(self, tree: SessionKey, prefix: str, writer: Writer) -> Removal:
        """Remove the values of a tree whose keys begin with `prefix`."""
        ...

    def on_state(self, tell: Callable[[StateKey | None], None]) -> Callable[[], None]:
        """Call `tell` on the loop with each key that this process has written.

        None stands for any: another process may have written. Returns what ends it.
        """
        ...


class SharedState(Protocol):
    """The state of one tree, as one of its sessions or a person sees it."""

    async def get(self, key: str) -> StateEntry | None:
        """The value of a key; None if it has none."""
        ...

    async def entries(self, prefix: str = "") -> Sequence[StateEntry]:
        """The values of all keys that begin with `prefix`, by key."""
        ...

    async def set(self, key: str, value: GivenJson) -> StateWritten:
        """Replace a value, whatever it is."""
        ...

    async def compare_and_set(self, key: str, value: GivenJson, *, version: int) -> StateWritten:
        """Replace a value if it has this version still; 0 stands for no value."""
        ...

    async def append(self, key: str, item: GivenJson) -> StateWritten:
        """Add an item to the end of a list, and make the list if necessary."""
        ...

    async def delete(self, key: str, *, version: int | None = None) -> StateWritten:
        """Remove a value, if it has this version still."""
        ...

    async def wait_for(
        self,
        key: str,
        *,
        after: int = 0,
        condition: str | None = None,
        timeout: float | None = None,
    ) -> StateEntry:
        """The value of a key once its version is above `after` and the condition holds.

        Raises:
            TimeoutError: after `timeout` seconds.
        """
        ...


def check_key(key: str) -> None:
    """Refuse a key that is not valid.

    Raises:
        InvalidInput: it is too long, or has other characters than keys have.
    """
    if len(key) > MOST_KEY_CHARACTERS or not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{shown(key)} is not a key of the state",
            why=f"a key has 1 to {MOST_KEY_CHARACTERS} of the characters A-Z a-z 0-9 . _ : / -,"
            " and begins with a letter or a digit",
            hint="choose a key such as plan or results/monday",
        )


def encoded_value(value: Json, what: str = "the value") -> bytes:
    """A value as JSON.

    Raises:
        InvalidInput: JSON cannot represent it, or it is too large for the state.
    """
    try:
        encoded = orjson.dumps(value)
    except TypeError as error:
        raise _not_json(what, str(error)) from error
    check_size(len(encoded), what)
    if is_too_deep(value, encoded):
        raise _not_json(what, "it has too many lists and objects inside of each other")
    if b"null" in encoded and not all_finite(
        value
    ):  # an encoder writes null for what is not a number
        raise _not_json(what, "it has a number that is infinite or none")
    return encoded


def value_of(given: Json) -> Json:
    """What is given as a value: a text stands for the JSON that it is, or else for itself.

    A number whose digits would not be kept is left a text, such as `1.10` or a long id.

    Raises:
        InvalidInput: such a number is inside of a list or an object.
    """
    if not isinstance(given, str):
        return given
    try:
        value = from_json(given, allow_inf_nan=False)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if orjson.dumps(value).decode() == given.strip() else given
    except (ValueError, TypeError):  # of what is not JSON, and of a number above 64 bits
        return given
    encoded_value(value)
    return value


def check_size(size: int, what: str = "the value") -> None:
    """Refuse a value that the state does not take, and say where it goes.

    Raises:
        InvalidInput: it is too large.
    """
    if size > MOST_VALUE_BYTES:
        raise InvalidInput(
            f"{what} has {size:,} bytes, and the state takes values of up to {MOST_VALUE_BYTES:,}",
            hint="put it into a file or, for others to read, into an artifact (artifact_put), and "
            "its path or id into the state",
        )


def _not_json(what: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{what} cannot be stored", why=why, hint="pass texts, numbers, lists and objects of JSON"
    )
