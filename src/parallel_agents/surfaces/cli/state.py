"""`pagents state`: the values that the sessions of a tree share: listed, read, written, deleted, waited for."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated

import orjson
import typer

from parallel_agents.app.acting import open_acting
from parallel_agents.app.reading import open_follower, open_reader
from parallel_agents.core.cutting import head
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import Removal, StateEntry, StateWritten, value_of
from parallel_agents.errors import Conflict, InvalidInput, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.called import names_of
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.inputs import given_text
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.views import format

_TITLES = ("KEY", "VERSION", "BY", "AGE", "VALUE")
_MOST_CHARACTERS = 200

app = typer.Typer(no_args_is_help=True)

Tree = Annotated[
    str,
    typer.Argument(
        help="A session of the tree: an id, the start of one, a label, or @last.", metavar="TREE"
    ),
]
Key = Annotated[str, typer.Argument(help="Such as plan or results/monday.", metavar="KEY")]
Value = Annotated[
    str,
    typer.Argument(
        help="JSON, or else a text; - reads it from stdin.", metavar="VALUE", callback=given_text
    ),
]


@app.command("list")
def list_state(
    tree: Tree,
    prefix: Annotated[str, typer.Option("--prefix", help="Only keys that begin with this.")] = "",
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """List the values that the sessions of a tree share."""
    context = find_store(home)

    async def look() -> tuple[list[StateEntry], Mapping[SessionKey, str]]:
        async with open_reader(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            found = list(await reader.sharing.state(root).entries(prefix))
            return found, await names_of(reader.journal, (entry.by for entry in found))

    entries, names = run_cancellable(look())
    now = time.time()
    if json:
        render.envelope("state", now, [_json(entry) for entry in entries])
        return
    if not entries:
        render.note("The sessions of this tree share no values.")
        return
    rows = [
        (
            entry.key,
            str(entry.version),
            names.get(entry.by, ""),
            format.seconds(max(0.0, now - entry.at)),
            head(_text_of(entry.value), _MOST_CHARACTERS),
        )
        for entry in entries
    ]
    print_list(output, _TITLES, rows, right=("VERSION",))


@app.command()
def get(tree: Tree, key: Key, json: AsJson = False, home: Home = None) -> None:
    """Print a value: a text as it is, anything else as JSON."""
    context = find_store(home)

    async def look() -> StateEntry | None:
        async with open_reader(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            return await reader.sharing.state(root).get(key)

    entry = run_cancellable(look())
    if entry is None:
        raise _no_value(tree, key)
    _tell(entry, json=json)


@app.command("set")
def set_state(
    tree: Tree,
    key: Key,
    value: Value,
    version: Annotated[
        int | None,
        typer.Option(
            "--version", min=0, help="Only if this is its version; 0 for none.", metavar="N"
        ),
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Set a value, whatever it was; with --version only if nobody has changed it since."""
    context = find_store(home)

    async def write() -> StateWritten:
        async with open_acting(context.environment, context.settings) as acting:
            state = acting.sharing.state((await acting.sessions.find(tree)).session.root)
            if version is None:
                return await state.set(key, value_of(value))
            return await state.compare_and_set(key, value_of(value), version=version)

    _tell_written(tree, key, run_cancellable(write()), json=json)


@app.command()
def append(tree: Tree, key: Key, item: Value, json: AsJson = False, home: Home = None) -> None:
    """Add an item to the end of a list, which is made if the key has no value."""
    context = find_store(home)

    async def write() -> StateWritten:
        async with open_acting(context.environment, context.settings) as acting:
            state = acting.sharing.state((await acting.sessions.find(tree)).session.root)
            return await state.append(key, value_of(item))

    _tell_written(tree, key, run_cancellable(write()), json=json)


@app.command()
def delete(
    tree: Tree,
    key: Annotated[str | None, typer.Argument(help="Its key.", metavar="[KEY]")] = None,
    version: Annotated[
        int | None,
        typer.Option("--version", min=1, help="Only if this is its version.", metavar="N"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All values of the tree.")] = False,
    prefix: Annotated[
        str, typer.Option("--prefix", help="All values whose keys begin with this.", metavar="P")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be deleted.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Delete a value, or all that a tree shares, or those whose keys begin with a prefix."""
    ways = (key is not None) + everything + bool(prefix)
    if ways != 1 or (version is not None and key is None):
        raise InvalidInput(
            "nothing says which values are to be deleted, or two things do",
            hint="name a KEY, or --prefix P, or --all; --version goes with a KEY",
        )
    context = find_store(home)

    async def look() -> list[StateEntry]:
        async with open_reader(context.environment, context.settings) as reader:
            state = reader.sharing.state((await reader.sessions.find(tree)).session.root)
            found = None if key is None else await state.get(key)
            return list(await state.entries(prefix)) if key is None else [found] if found else []

    async def remove() -> StateWritten | Removal:
        async with open_acting(context.environment, context.settings) as acting:
            state = acting.sharing.state((await acting.sessions.find(tree)).session.root)
            if key is None:
                return await state.clear(prefix)
            return await state.delete(key, version=version)

    entries = run_cancellable(look())
    removed = Removal(len(entries), sum(len(orjson.dumps(entry.value)) for entry in entries))
    if dry_run and key is not None:
        _check_deleted(tree, key, _foreseen(entries, version))
    if not dry_run:
        done = run_cancellable(remove())
        if isinstance(done, StateWritten):
            _check_deleted(tree, key or "", done)
        else:
            removed = done
    if json:
        item = {"values": removed.number, "bytes": removed.bytes}
        render.envelope("state_deleted", time.time(), [item], dry_run=dry_run)
        return
    count = "1 value" if removed.number == 1 else f"{removed.number} values"
    verb = "would be deleted" if dry_run else "deleted"
    render.line(f"{count} {verb}, {format.size(removed.bytes)}")


@app.command()
def wait(
    tree: Tree,
    key: Key,
    after: Annotated[
        int, typer.Option("--after", min=0, help="A version that you know.", metavar="N")
    ] = 0,
    condition: Annotated[
        str | None,
        typer.Option("--if", help="Such as: value >= 3 or len(value) == 10.", metavar="CONDITION"),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Give up after this time.", metavar="SECONDS")
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Wait until a key has a value, and print it; exit with code 7 if the time runs out."""
    context = find_store(home)

    async def look() -> StateEntry:
        async with open_follower(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            state = reader.sharing.state(root)
            return await state.wait_for(key, after=after, condition=condition, timeout=timeout)

    try:
        entry = run_cancellable(look())
    except TimeoutError as error:
        render.note(str(error))
        raise typer.Exit(Exit.TIMED_OUT) from None
    _tell(entry, json=json)


def _tell(entry: StateEntry, *, json: bool) -> None:
    if json:
        render.envelope("state", time.time(), [_json(entry)])
    else:
        render.line(_text_of(entry.value))


def _foreseen(entries: Sequence[StateEntry], version: int | None) -> StateWritten:
    """What it would come to if the value of one key were deleted now."""
    found = entries[0].version if entries else 0
    return StateWritten(is_written=bool(found) and version in {None, found}, version=found)


def _check_deleted(tree: str, key: str, done: StateWritten) -> None:
    if done.is_written:
        return
    if not done.version:
        raise _no_value(tree, key)
    raise Conflict(
        f"{key} has version {done.version}, and was not deleted",
        why="somebody has changed it since",
        hint=f"look with `pagents state get {tree} {key} --json`, and delete it again",
    )


def _no_value(tree: str, key: str) -> NotFound:
    return NotFound(
        f"the tree of {tree} has no value {key}",
        hint=f"`pagents state list {tree}` lists those that it has",
    )


def _tell_written(tree: str, key: str, written: StateWritten, *, json: bool) -> None:
    if not written.is_written:
        raise Conflict(
            f"{key} has version {written.version}, and was not set",
            why="somebody has changed it since" if written.version else "it has no value",
            hint=f"look with `pagents state get {tree} {key} --json`, and set it again",
        )
    if json:
        item = {"key": key, "version": written.version}
        render.envelope("state_written", time.time(), [item])
    else:
        render.line(f"{key}  version {written.version}")


def _text_of(value: Json) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _json(entry: StateEntry) -> dict[str, Json]:
    return {
        "key": entry.key,
        "value": entry.value,
        "version": entry.version,
        "by": entry.by or None,
        "at": format.iso(entry.at),
    }
