"""Tree state: the values that the sessions of one tree share, and the waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf

from parallel_agents.core.annotations import Index, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.converted import GivenJson, as_json
from parallel_agents.core.expression import Expression, Lacking, Unfit
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_reads import not_in_time
from parallel_agents.core.shared_state import (
    Removal,
    StateBounds,
    StateEntry,
    StateKey,
    StateOperation,
    StateStore,
    StateWrite,
    StateWritten,
    Writer,
    check_key,
    encoded_value,
)
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

# Also without news of another process: while this one writes without a pause, it hears of none.
_LOOK_SECONDS = 1.0
# Other processes may commit many times a second, and each commit is news.
_CALM_SECONDS = 0.1
_VALUE = "value"


class StateNews:
    """Wakes those who wait for a key, by the store's word of what was written."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._waiting: dict[StateKey, set[asyncio.Event]] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._is_calm = True

    @property
    def is_listening(self) -> bool:
        """Whether somebody waits."""
        return self._unsubscribe is not None

    def expect(self, key: StateKey) -> asyncio.Event:
        """An event that is set once the key may have been written; release it with `forget`."""
        if self._unsubscribe is None:
            self._unsubscribe = self._store.on_state(self._hear)
        event = asyncio.Event()
        self._waiting.setdefault(key, set()).add(event)
        return event

    def forget(self, key: StateKey, event: asyncio.Event) -> None:
        waiting = self._waiting[key]
        waiting.discard(event)
        if not waiting:
            del self._waiting[key]
        if not self._waiting and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _hear(self, key: StateKey | None) -> None:
        if key is not None:
            self._wake(self._waiting.get(key, ()))
        elif self._is_calm:
            self._is_calm = False
            asyncio.get_running_loop().call_later(_CALM_SECONDS, self._wake_all)

    def _wake_all(self) -> None:
        self._is_calm = True
        self._wake([event for events in self._waiting.values() for event in events])

    def _wake(self, events: Iterable[asyncio.Event]) -> None:
        for event in events:
            event.set()


@checked_methods
class TreeState:
    """The values that the sessions of one tree share; each write raises a value's version by 1.

    A key has up to 200 of the characters A-Z a-z 0-9 . _ : / -, and a value up to 65,536 bytes as
    JSON. What is larger goes into a file or an artifact, and its path or id into the state.
    """

    def __init__(
        self,
        store: StateStore,
        news: StateNews,
        tree: SessionKey,
        writer: Writer,
        bounds: StateBounds,
    ) -> None:
        self._store = store
        self._news = news
        self._tree = tree
        self._writer = writer
        self._bounds = bounds
        self._writing = asyncio.Lock()  # guards `_written`
        self._written = 0

    async def get(self, key: str) -> StateEntry | None:
        """The value of a key with its version; None if it has none."""
        check_key(key)
        found = await self._store.state_entries(self._tree, key=key)
        return found[0] if found else None

    async def entries(self, prefix: str = "") -> Sequence[StateEntry]:
        """The values of all keys that begin with `prefix`, by key."""
        return await self._store.state_entries(self._tree, prefix=prefix)

    async def set(self, key: str, value: GivenJson) -> StateWritten:
        """Replace a value, whatever it is.

        Raises:
            InvalidInput: the state does not take such a key or value, or there is no room.
        """
        return await self._write(key, StateOperation.SET, as_json(value))

    async def compare_and_set(self, key: str, value: GivenJson, *, version: Index) -> StateWritten:
        """Replace a value if it still has this version; 0 stands for a key without a value.

        Returns:
            Whether it was replaced. If not, `entry` is what the key has now: begin again with that.

        Raises:
            InvalidInput: as for `set`.
        """
        return await self._write(key, StateOperation.SET, as_json(value), version)

    async def append(self, key: str, item: GivenJson) -> StateWritten:
        """Add an item to the end of a list, which is made if the key has no value.

        Raises:
            InvalidInput: as for `set`; or the value is not a list.
        """
        return await self._write(key, StateOperation.APPEND, as_json(item))

    async def delete(self, key: str, *, version: Index | None = None) -> StateWritten:
        """Remove a value; only if it still has this version, if one is given.

        Versions never begin again: the next value of the key has a higher one.

        Returns:
            Whether it was removed, and the version that it had. If not, `entry` is what the key has.

        Raises:
            InvalidInput: the key is not valid.
        """
        check_key(key)
        return await self._change(StateWrite(self._tree, key, StateOperation.DELETE, b"", version))

    async def clear(self, prefix: str = "") -> Removal:
        """Remove the values of all keys that begin with `prefix`; says how many, and their bytes."""
        return await self._store.clear_state(self._tree, prefix, self._writer)

    async def wait_for(
        self,
        key: str,
        *,
        after: Index = 0,
        condition: str | None = None,
        timeout: Seconds | None = None,
    ) -> StateEntry:
        """Wait until a key has a version above `after` whose value satisfies the condition.

        Args:
            key: the key.
            after: the version that the caller knows; 0 waits for any value.
            condition: such as `value >= 3` or `len(value) == 10`, on the value under that name; as
                the conditions of gates.
            timeout: seconds, or None to wait as long as it takes; 0 looks once.

        Raises:
            TimeoutError: after `timeout` seconds; it says what the key has instead.
            InvalidInput: the key or the condition is not valid.
        """
        check_key(key)
        met = None if condition is None else _condition(condition)
        loop = asyncio.get_running_loop()
        deadline = inf if timeout is None else loop.time() + timeout
        event = self._news.expect((self._tree, key))
        try:
            while True:
                event.clear()
                # Looked at again after each wait, and after the last one, too.
                left = deadline - loop.time()
                entry = await self.get(key)
                if entry is not None and entry.version > after and _holds(met, entry.value):
                    return entry
                if left <= 0:
                    raise not_in_time(key, after, condition, timeout, entry)
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                        await event.wait()
        finally:
            self._news.forget((self._tree, key), event)

    async def _write(
        self, key: str, operation: StateOperation, value: Json, version: int | None = None
    ) -> StateWritten:
        check_key(key)
        what = "the item" if operation is StateOperation.APPEND else "the value"
        encoded = encoded_value(value, what)
        return await self._change(StateWrite(self._tree, key, operation, encoded, version))

    async def _change(self, write: StateWrite) -> StateWritten:
        # A call may write several values: each is known by its place among those that it has written.
        async with self._writing:
            writer = _numbered(self._writer, self._written + 1)
            written = await self._store.write_state(write, writer, self._bounds)
            self._written += written.is_written
        return written


def _numbered(writer: Writer, number: int) -> Writer:
    again = f"{writer.again}/{number}" if writer.again else ""
    return writer._replace(call=f"{writer.call}/{number}", again=again)


def _condition(text: str) -> Expression:
    """A condition on a value.

    Raises:
        InvalidInput: it cannot be read, or reads something else, so that it would never hold.
    """
    met = Expression(text)
    for name, *_ in met.paths:
        if name != _VALUE:
            raise InvalidInput(
                f"the condition reads {shown(str(name))}, and there is no such name",
                why=f"it is on a value, which is called {_VALUE}",
                hint=f"write it as {_VALUE} >= 3 or {_VALUE}.status == 'done'",
            )
    return met


def _holds(met: Expression | None, value: Json) -> bool:
    if met is None:
        return True
    try:
        return met.holds({_VALUE: value})
    except (Lacking, Unfit):
        return False  # it may have what the condition reads later
