"""`pagents artifact`: the contents that the sessions of a tree share, and what of them may go."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.acting import open_acting
from parallel_agents.app.reading import open_reader
from parallel_agents.app.unused_contents import Cleaned, clean_contents
from parallel_agents.artifacts import Stored
from parallel_agents.core.artifact import Artifact, ArtifactRecord, artifacts_in_use, short_id
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import Removal
from parallel_agents.errors import InvalidInput
from parallel_agents.files import pieces_of
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.called import names_of
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.out_option import Force, check_out
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.state import Tree
from parallel_agents.views import format
from parallel_agents.views.documents import artifact_json, shared_json

_TITLES = ("ID", "NAME", "TYPE", "SIZE", "BY", "AGE")
_STDIN = "-"
_PIECE_BYTES = 1 << 20

app = typer.Typer(no_args_is_help=True)


@app.command()
def put(
    tree: Tree,
    file: Annotated[str, typer.Argument(help="A file; - reads stdin.", metavar="FILE")],
    name: Annotated[
        str | None, typer.Option("--name", help="Its name; by default that of the file.")
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Share a file with the sessions of a tree; print its id."""
    context = find_store(home)
    called = name or ("stdin" if file == _STDIN else Path(file).name or file)

    async def share() -> Artifact:
        async with open_acting(context.environment, context.settings) as acting:
            root = (await acting.sessions.find(tree)).session.root
            return await acting.sharing.artifacts(root).put_pieces(_pieces(file), called)

    artifact = run_cancellable(share())
    if json:
        render.envelope("artifacts", time.time(), [artifact_json(artifact)])
    else:
        render.line(f"{short_id(artifact.id)}  {_about(artifact)}")


@app.command("list")
def list_artifacts(
    tree: Tree, json: AsJson = False, output: Output = None, home: Home = None
) -> None:
    """List what the sessions of a tree share."""
    context = find_store(home)

    async def look() -> tuple[list[ArtifactRecord], Mapping[SessionKey, str]]:
        async with open_reader(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            found = list(await reader.sharing.artifacts(root).list())
            return found, await names_of(reader.journal, (each.session for each in found))

    records, names = run_cancellable(look())
    now = time.time()
    if json:
        render.envelope("artifacts", now, [shared_json(record) for record in records])
        return
    if not records:
        render.note("The sessions of this tree share no artifacts.")
        return
    rows = [
        (
            short_id(record.artifact.id),
            record.artifact.name,
            record.artifact.media_type,
            format.size(record.artifact.size),
            names.get(record.session, ""),
            format.seconds(max(0.0, now - record.at)),
        )
        for record in records
    ]
    print_list(output, _TITLES, rows, right=("SIZE",), flexible="NAME", shortened=("NAME",))


@app.command()
def get(
    tree: Tree,
    artifact: Annotated[
        str, typer.Argument(help="Its id, the start of one, or its name.", metavar="ID")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it to this file.", metavar="FILE")
    ] = None,
    force: Force = False,
    home: Home = None,
) -> None:
    """Print an artifact as it was put, or write it to a file."""
    context = find_store(home)
    is_shown = out is None and sys.stdout.isatty()
    check_out(out, force=force)

    async def fetch() -> bytes:
        async with open_reader(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            artifacts = reader.sharing.artifacts(root)
            found = await artifacts.find(artifact)
            if out is not None:
                await artifacts.save(found, out, force=force)
                return b""
            if is_shown and not found.media_type.startswith("text/"):
                raise InvalidInput(
                    f"{found.name} is {found.media_type}, which no terminal shows",
                    hint="write it to a file with --out FILE",
                )
            return await artifacts.read(found)

    content = run_cancellable(fetch())
    if is_shown:
        render.line(content.decode("utf-8", "replace"))
    elif out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        render.note(f"Wrote {out}")


@app.command()
def delete(
    tree: Tree,
    artifacts: Annotated[
        list[str] | None,
        typer.Argument(help="Their ids, the starts of them, or their names.", metavar="[ID]..."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All artifacts of the tree.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Stop sharing artifacts in a tree; `artifact clean` removes contents that no tree shares."""
    if bool(artifacts) is everything:
        raise InvalidInput(
            "nothing says which artifacts are to be deleted, or two things do",
            hint="name them by their ids, or all with --all",
        )
    context = find_store(home)

    async def look() -> list[Artifact]:
        async with open_reader(context.environment, context.settings) as reader:
            root = (await reader.sessions.find(tree)).session.root
            if await reader.journal.count_rows(Filter(tree=root, is_live=True)):
                raise artifacts_in_use()
            shared = reader.sharing.artifacts(root)
            if everything:
                return [record.artifact for record in await shared.list()]
            return [each for text in artifacts or () for each in await shared.find_all(text)]

    async def remove(found: Iterable[Artifact]) -> Removal:
        async with open_acting(context.environment, context.settings) as acting:
            shared = acting.sharing.artifacts((await acting.sessions.find(tree)).session.root)
            return await shared.delete(*found)

    found = list(dict.fromkeys(run_cancellable(look())))
    removed = Removal(len(found), sum(artifact.size for artifact in found))
    if found and not dry_run:
        removed = run_cancellable(remove(found))
    if json:
        items = [artifact_json(artifact) for artifact in found]
        render.envelope("artifacts", time.time(), items, dry_run=dry_run)
        return
    count = "1 artifact" if removed.number == 1 else f"{removed.number} artifacts"
    verb = "would be deleted" if dry_run else "deleted"
    render.line(f"{count} {verb}, {format.size(removed.bytes)}")


@app.command()
def clean(
    everything: Annotated[bool, typer.Option("--all", help="Also those of the last hour.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Remove contents that nothing refers to, such as those that a killed process left behind."""
    context = find_store(home)

    async def run() -> Cleaned:
        # In a store that is missing, or of another version, nothing would seem to be needed.
        async with open_acting(context.environment, context.settings) as acting:
            if acting.distant is not None:
                found = await acting.distant.sharing.clean(everything=everything, dry_run=dry_run)
                return Cleaned(*([Stored(e.id, e.bytes) for e in part] for part in found))
            assert isinstance(acting.sharing, Sharing)  # it is here
            return await clean_contents(
                context.environment.home, acting.sharing, everything=everything, dry_run=dry_run
            )

    gone, young = run_cancellable(run())
    if json:
        items = [{"id": each.id, "bytes": each.size} for each in gone]
        render.envelope("artifacts", time.time(), items, dry_run=dry_run)
        return
    render.line(f"{_counted(gone)} {'would be removed' if dry_run else 'removed'}, {_size(gone)}")
    if young:
        render.note(
            f"{_counted(young)} of the last hour left, {_size(young)}; --all takes these, too"
        )


def _counted(stored: Sequence[Stored]) -> str:
    return "1 content" if len(stored) == 1 else f"{len(stored)} contents"


def _size(stored: Sequence[Stored]) -> str:
    return f"{format.size(sum(each.size for each in stored))} on the disk"


def _pieces(file: str) -> Iterator[bytes]:
    if file != _STDIN:
        yield from pieces_of(Path(file))
        return
    # By its descriptor: an interrupt may end the program while a thread waits for stdin.
    while piece := os.read(sys.stdin.fileno(), _PIECE_BYTES):
        yield piece


def _about(artifact: Artifact) -> str:
    return f"{artifact.name}  {artifact.media_type}  {format.size(artifact.size)}"
