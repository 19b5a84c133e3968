"""Sharing: the state and the artifacts of each tree, on the store and the folder of contents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from parallel_agents.core.annotations import Index, Seconds
from parallel_agents.core.arguments import checked, checked_methods
from parallel_agents.core.artifact import (
    Artifact,
    ArtifactBounds,
    ArtifactRecord,
    ArtifactStore,
    Contents,
    check_artifact_name,
    is_artifact_id,
    is_start_of_id,
    short_id,
)
from parallel_agents.core.expression import Expression, Lacking, Unfit
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.media_type import media_type_of
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import (
    OUTSIDER,
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
from parallel_agents.core.store import Store
from parallel_agents.errors import Ambiguous, InvalidInput, NotFound

# Also without news of another process: while this one writes without a pause, it hears of none.
_LOOK_SECONDS = 1.0
# Other processes may commit many times a second, and each commit is news.
_CALM_SECONDS = 0.1
_MOST_LISTED = 5
_PIECE_BYTES = 1 << 20
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

    async def set(self, key: str, value: Json) -> StateWritten:
        """Replace a value, whatever it is.

        Raises:
            InvalidInput: the key or the value is none that the state takes, or there is no room.
        """
        return await self._write(key, StateOperation.SET, value)

    async def compare_and_set(self, key: str, value: Json, *, version: Index) -> StateWritten:
        """Replace a value if it still has this version; 0 stands for a key without a value.

        Returns:
            Whether it was replaced. If not, `entry` is what the key has now: begin again with that.

        Raises:
            InvalidInput: as for `set`.
        """
        return await self._write(key, StateOperation.SET, value, version)

    async def append(self, key: str, item: Json) -> StateWritten:
        """Add an item to the end of a list, which is made if the key has no value.

        Raises:
            InvalidInput: as for `set`; or the value is not a list.
        """
        return await self._write(key, StateOperation.APPEND, item)

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
            timeout: seconds, or None to wait as long as it takes.

        Raises:
            TimeoutError: after `timeout` seconds.
            InvalidInput: the key or the condition is none.
        """
        check_key(key)
        met = None if condition is None else _condition(condition)
        event = self._news.expect((self._tree, key))
        try:
            async with asyncio.timeout(timeout):
                while True:
                    event.clear()
                    entry = await self.get(key)
                    if entry is not None and entry.version > after and _holds(met, entry.value):
                        return entry
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await event.wait()
        except TimeoutError:
            raise TimeoutError(f"{key} did not get such a value in {timeout:g} s") from None
        finally:
            self._news.forget((self._tree, key), event)

    async def _write(
        self, key: str, operation: StateOperation, value: Json, version: int | None = None
    ) -> StateWritten:
        check_key(key)
        what = "the item" if operation is StateOperation.APPEND else "the value"
        write = StateWrite(self._tree, key, operation, encoded_value(value, what), version)
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


class TreeArtifacts:
    """The artifacts of one tree: contents by their hashes, so that none overwrites another."""

    def __init__(
        self,
        store: ArtifactStore,
        contents: Contents,
        tree: SessionKey,
        writer: Writer,
        bounds: ArtifactBounds,
    ) -> None:
        self._store = store
        self._contents = contents
        self._tree = tree
        self._writer = writer
        self._bounds = bounds

    @checked
    async def put(self, content: bytes | str | Path, name: str | None = None) -> Artifact:
        """Add a content; the same content under the same name is there once.

        Args:
            content: a content or a text; a `Path` stands for the content of a file.
            name: what tables call it, by default as the file; several contents may have one name.

        Raises:
            InvalidInput: it is larger than the settings allow, the name is none, or the file cannot
                be read.
            ArtifactError: it cannot be written.
        """
        if isinstance(content, Path):
            return await self.put_pieces(pieces_of(content), name or content.name or str(content))
        piece = bytes(content, "utf-8") if isinstance(content, str) else content
        return await self.put_pieces((piece,), name or "content")

    async def put_pieces(self, pieces: Iterable[bytes], name: str) -> Artifact:
        """The same of a content in parts, which are read in another thread."""
        check_artifact_name(name)
        content = await asyncio.to_thread(self._contents.put, pieces, self._bounds.each)
        artifact = Artifact(
            id=content.id,
            name=name,
            media_type=media_type_of(content.head),
            size=content.size,
        )
        await self._store.note_artifact(artifact, self._tree, self._writer, self._bounds.tree)
        return artifact

    async def list(self) -> Sequence[ArtifactRecord]:
        """The artifacts of the tree, the oldest first."""
        return await self._store.artifacts(tree=self._tree)

    @checked
    async def find(self, name: str) -> Artifact:
        """The artifact with this id, the start of one of at least 8 digits, or this name.

        Raises:
            NotFound: there is none.
            Ambiguous: several contents have the name.
        """
        known = [record.artifact for record in await self.list()]
        return _found(known, name)

    async def read(self, artifact: Artifact) -> bytes:
        """Its content.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        return await asyncio.to_thread(self._contents.read, artifact.id)

    async def save(self, artifact: Artifact, target: Path | str) -> None:
        """Write its content to a file, whole or not at all.

        Raises:
            ArtifactError: it is gone or damaged.
            InvalidInput: the file cannot be written.
        """
        await asyncio.to_thread(self._contents.copy, artifact.id, Path(target))


def pieces_of(file: Path) -> Iterator[bytes]:
    """The content of a file in parts; it is opened when the first one is asked for.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        raise InvalidInput(
            f"the file {file} cannot be read",
            why=error.strerror or str(error),
            hint="name a file that you may read",
        ) from error


def _found(known: Sequence[Artifact], name: str) -> Artifact:
    if is_artifact_id(name) or is_start_of_id(name):
        by_id = {each.id: each for each in known if each.id.startswith(name)}
        if by_id:
            return _only(by_id, name)
    return _only({each.id: each for each in known if each.name == name}, name)


def _only(found: dict[str, Artifact], name: str) -> Artifact:
    if not found:
        raise NotFound(
            f"the tree has no artifact {shown(name)}",
            hint="list the artifacts of the tree (artifact_list)",
        )
    if len(found) > 1:
        listed = ", ".join(short_id(id) for id in list(found)[:_MOST_LISTED])
        raise Ambiguous(
            f"{len(found)} artifacts are called {shown(name)}",
            why=f"the oldest are {listed}",
            hint="name one of them by its id",
        )
    return next(iter(found.values()))


class Sharing:
    """What the sessions of each tree share.

    Args:
        store: the values, and which tree has which artifacts.
        contents: what is in the artifacts.
        state_bounds: the most that the state of a tree may have.
        artifact_bounds: the same of its artifacts.
    """

    def __init__(
        self,
        store: Store,
        contents: Contents,
        state_bounds: StateBounds,
        artifact_bounds: ArtifactBounds,
    ) -> None:
        self._store = store
        self._contents = contents
        self._state_bounds = state_bounds
        self._artifact_bounds = artifact_bounds
        self._news = StateNews(store)

    async def referred(self, ids: Sequence[str]) -> set[str]:
        """Those of these contents that a tree has."""
        return {record.artifact.id for record in await self._store.artifacts(ids=ids)}

    def state(self, tree: SessionKey, writer: Writer = OUTSIDER) -> TreeState:
        return TreeState(self._store, self._news, tree, writer, self._state_bounds)

    def artifacts(self, tree: SessionKey, writer: Writer = OUTSIDER) -> TreeArtifacts:
        return TreeArtifacts(self._store, self._contents, tree, writer, self._artifact_bounds)
