"""State: the values that the sessions of a tree share, and which calls have written them.

Whether a call has written is noted in the transaction of the write, so that a call which is made
again after a crash writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import orjson

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import (
    Removal,
    StateBounds,
    StateEntry,
    StateOperation,
    StateWrite,
    StateWritten,
    Writer,
    check_size,
)
from parallel_agents.errors import InvalidInput
from parallel_agents.stores.database import Database, SqlRow
from parallel_agents.stores.removals import note_removal
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows, readable
from parallel_agents.stores.tables import Tables

# What stands for all values that were removed from a tree; no key of a value is empty.
_REMOVED = ""


class StateSize(NamedTuple):
    """A value without its content."""

    key: str
    version: int
    bytes: int


def read_state(
    rows: Rows, tree: SessionKey, *, key: str | None = None, prefix: str = ""
) -> list[StateEntry]:
    """The values of a tree, by key: that of one key, or those of all that begin with `prefix`."""
    database = rows.database
    found = (
        database.all("state_of_tree", {"tree": tree, "prefix": prefix})
        if key is None
        else database.all("state_of_key", (tree, key))
    )
    return readable("value of a tree", _entry, found)


def write_state(
    tables: Tables, write: StateWrite, writer: Writer, bounds: StateBounds
) -> StateWritten:
    """Write a value, unless the version is another one or the call has written before.

    Raises:
        InvalidInput: there is no room, or something is appended to what is not a list.
    """
    database = tables.database
    if (before := _version_written(database, write, writer)) is not None:
        return StateWritten(is_written=True, version=before)
    version, size = database.one("state_version", (write.tree, write.key)) or (0, 0)
    if write.operation is StateOperation.DELETE and not version:
        return StateWritten(is_written=False, version=0)
    if write.version is not None and write.version != version:
        found = read_state(tables.rows, write.tree, key=write.key)
        return StateWritten(is_written=False, version=version, entry=found[0] if found else None)
    if write.operation is StateOperation.DELETE:
        _delete(tables, write.tree, [StateSize(write.key, version, size)], writer)
        _note_write(database, write, writer, version)
        return StateWritten(is_written=True, version=version)
    is_new = not version
    version = version or _highest_removed(database, write.tree)
    encoded = _new_value(database, write) if _appends(write) else write.encoded
    _check_room(database, write, len(encoded) - size, bounds, is_new=is_new)
    entry = (
        write.tree,
        write.key,
        version + 1,
        len(encoded),
        tables.now(),
        writer.session,
        encoded,
    )
    database.run("put_state", entry)
    _note_write(database, write, writer, version + 1)
    return StateWritten(is_written=True, version=version + 1)


def clear_state(tables: Tables, tree: SessionKey, prefix: str, writer: Writer) -> Removal:
    """Remove the values of a tree whose keys begin with `prefix`."""
    found = tables.database.all("state_sizes", {"tree": tree, "prefix": prefix})
    return _delete(tables, tree, [StateSize(*columns) for columns in found], writer)


def _delete(
    tables: Tables, tree: SessionKey, values: Sequence[StateSize], writer: Writer
) -> Removal:
    """Remove values, and note the highest version that any of them had.

    A key that began with version 1 again would let a compare-and-set pass that is older.
    """
    removal = Removal(len(values), sum(value.bytes for value in values))
    if not values:
        return removal
    database = tables.database
    highest = max(_highest_removed(database, tree), *[value.version for value in values])
    for value in values:
        database.run("drop_state", (tree, value.key))
    database.run("put_state", (tree, _REMOVED, highest, 0, tables.now(), writer.session, b""))
    note_removal(tables, tree, writer, "value", [value.key for value in values], removal)
    return removal


def _highest_removed(database: Database, tree: SessionKey) -> int:
    version, _ = database.one("state_version", (tree, _REMOVED)) or (0, 0)
    return version


def _note_write(database: Database, write: StateWrite, writer: Writer, version: int) -> None:
    if writer.run:
        noted = (writer.run, writer.call, write.tree, write.key, version)
        database.run("note_state_write", noted)


def _version_written(database: Database, write: StateWrite, writer: Writer) -> int | None:
    """The version that the call, or the one that it does again, has written; None if it has not."""
    again_run, _, again_call = writer.again.partition("/")
    for run, call in ((writer.run, writer.call), (again_run, again_call)):
        if not run:
            continue
        found = database.one("state_write", (run, call, write.tree, write.key))
        if found is not None:
            return found[0]
    return None


def _appends(write: StateWrite) -> bool:
    return write.operation is StateOperation.APPEND


def _new_value(database: Database, write: StateWrite) -> bytes:
    """The list of the key with the new item at its end."""
    found = database.one("state_of_key", (write.tree, write.key))
    encoded = b"[]" if found is None else bytes(found[-1])
    if not (encoded.startswith(b"[") and encoded.endswith(b"]")):
        raise InvalidInput(
            f"the value of {write.key} is not a list",
            hint="append to another key, or set this one to a list",
        )
    # As an encoder writes it: the list need not be read.
    between = b"" if encoded == b"[]" else b","
    encoded = b"".join((encoded[:-1], between, write.encoded, b"]"))
    check_size(len(encoded), f"the list {write.key} with the new item")
    return encoded


def _check_room(
    database: Database, write: StateWrite, more: int, bounds: StateBounds, *, is_new: bool
) -> None:
    keys, size = database.one("state_size", (write.tree,)) or (0, 0)
    if is_new and keys >= bounds.keys:
        raise InvalidInput(
            f"the state of this tree has {keys:,} keys, as many as it may have",
            hint="use one of its keys again, such as one with a list, or raise the setting state_keys",
        )
    if more > 0 and size + more > bounds.bytes:
        raise InvalidInput(
            f"the state of this tree has {size:,} bytes of the {bounds.bytes:,} that it may have",
            hint="set what is done with to null, share contents as artifacts (artifact_put), or "
            "raise the setting state_megabytes",
        )


def _entry(columns: SqlRow) -> StateEntry:
    key, version, at, by, value = columns
    is_sound = type(key) is str and type(version) is int and type(by) is str and is_moment(at)
    if not is_sound or not isinstance(value, bytes):
        raise ValueError(f"a column of {key!r} has the wrong type")
    return StateEntry(key, cast("Json", orjson.loads(value)), version, at, SessionKey(by))
